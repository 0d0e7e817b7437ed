"""Each loss is 0 for a perfect output, grows with the error, and ignores cells without a target."""

import math

import pytest
import torch

from movenet.training.losses import (
    displacement_distillation,
    distance,
    distillation_losses,
    focal_loss,
    heat_map_distillation,
    label_losses,
)
from movenet.training.targets import Target


def peak():
    value = torch.zeros(1, 1, 5, 5)
    value[0, 0, 2, 1:4] = torch.tensor([0.6, 1.0, 0.6])
    return value


def test_a_perfect_heat_map_has_no_loss():
    logits = torch.where(peak() == 1, 30.0, -30.0)
    assert focal_loss(logits, peak(), torch.ones(1, 1, 5, 5)) < 1e-6


def test_focal_loss_is_the_papers_equation_cell_by_cell():
    torch.manual_seed(0)
    logits, value = torch.randn(1, 1, 5, 5), peak()
    expected = 0.0
    for logit, y in zip(logits.flatten().tolist(), value.flatten().tolist(), strict=True):
        p = 1 / (1 + math.exp(-logit))
        expected -= (1 - p) ** 2 * math.log(p) if y == 1 else (1 - y) ** 4 * p**2 * math.log(1 - p)
    assert focal_loss(logits, value, torch.ones(1, 1, 5, 5)).item() == pytest.approx(expected, rel=1e-5)


def test_a_high_score_near_a_peak_costs_less():
    near, away = torch.full((1, 1, 5, 5), -9.0), torch.full((1, 1, 5, 5), -9.0)
    near[0, 0, 2, 1], away[0, 0, 0, 0] = 3.0, 3.0
    weight = torch.ones(1, 1, 5, 5)
    assert focal_loss(near, peak(), weight) < focal_loss(away, peak(), weight)


@pytest.mark.parametrize("part", [focal_loss, distance])
def test_cells_of_weight_0_have_no_gradient(part):
    head = torch.randn(1, 2, 4, 4, requires_grad=True)
    weight = torch.zeros(1, 2, 4, 4)
    weight[..., 0] = 1
    part(head, torch.zeros(1, 2, 4, 4), weight).backward()
    assert head.grad[..., 1:].abs().max() == 0
    assert head.grad[..., 0].abs().min() > 0


def test_the_distance_is_the_mean_over_labelled_cells():
    weight = torch.zeros(1, 2, 2, 2)
    weight[0, 0, 0] = 1
    head = torch.tensor([3.0, -1.0]).expand(1, 2, 2, 2)
    assert distance(head, torch.zeros(1, 2, 2, 2), weight) == 2


def test_the_loss_without_labels_is_0_and_not_nan():
    nothing = Target(torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4))
    found = label_losses(
        {"offset": torch.ones(1, 2, 4, 4), "heatmap": torch.ones(1, 2, 4, 4)},
        {"offset": nothing, "heatmap": nothing},
    )
    assert {name: float(part) for name, part in found.items()} == {"offset": 0, "heatmap": 0}


def test_a_network_with_its_teachers_output_has_no_distillation_loss():
    torch.manual_seed(0)
    heads = {"heatmap": torch.randn(2, 3, 4, 4), "offset": torch.randn(2, 6, 4, 4)}
    targets = {name: Target(torch.zeros_like(head), torch.zeros_like(head)) for name, head in heads.items()}
    for name, part in distillation_losses(heads, heads, targets, labelled_weight=0.5).items():
        assert abs(float(part)) < 1e-6, name


def test_distillation_counts_less_in_labelled_cells():
    student, taught = torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 4.0)
    labelled = {"heatmap": Target(torch.zeros(1, 1, 2, 2), torch.eye(2)[None, None])}
    student.requires_grad_()
    distillation_losses({"heatmap": student}, {"heatmap": taught}, labelled, labelled_weight=0.25)[
        "teacher_heatmap"
    ].backward()
    on, off = student.grad[0, 0, 0, 0], student.grad[0, 0, 0, 1]
    assert float(on / off) == pytest.approx(0.25)


def test_displacements_of_the_teacher_count_where_its_scores_are_high():
    guide = torch.tensor([[[[1.0, 0.0]]]])
    taught = torch.zeros(1, 2, 1, 2)
    displacements = torch.tensor([[[[2.0, 50.0]], [[4.0, 50.0]]]])
    assert displacement_distillation(displacements, taught, guide, torch.ones(1, 2, 1, 2)) == 3
    assert heat_map_distillation(guide, guide, guide.sigmoid(), torch.ones(1, 1, 1, 2)) == 0
