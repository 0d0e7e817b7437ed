"""Each part of the loss is 0 for whom it should be, grows with the error, and looks away where nothing is known."""

import math

import pytest
import torch

from movenet.training.losses import approach, distance, focal, follow, lessons, losses
from movenet.training.targets import Target


def peak():
    value = torch.zeros(1, 1, 5, 5)
    value[0, 0, 2, 1:4] = torch.tensor([0.6, 1.0, 0.6])
    return value


def test_a_perfect_map_costs_nothing():
    logits = torch.where(peak() == 1, 30.0, -30.0)
    assert focal(logits, peak(), torch.ones(1, 1, 5, 5)) < 1e-6


def test_focal_loss_is_the_papers_equation_cell_by_cell():
    torch.manual_seed(0)
    logits, value = torch.randn(1, 1, 5, 5), peak()
    expected = 0.0
    for logit, y in zip(logits.flatten().tolist(), value.flatten().tolist(), strict=True):
        p = 1 / (1 + math.exp(-logit))
        expected -= (1 - p) ** 2 * math.log(p) if y == 1 else (1 - y) ** 4 * p**2 * math.log(1 - p)
    assert focal(logits, value, torch.ones(1, 1, 5, 5)).item() == pytest.approx(expected, rel=1e-5)


def test_beside_a_peak_a_high_score_is_forgiven():
    beside, away = torch.full((1, 1, 5, 5), -9.0), torch.full((1, 1, 5, 5), -9.0)
    beside[0, 0, 2, 1], away[0, 0, 0, 0] = 3.0, 3.0
    weight = torch.ones(1, 1, 5, 5)
    assert focal(beside, peak(), weight) < focal(away, peak(), weight)


@pytest.mark.parametrize("part", [focal, distance])
def test_what_has_no_weight_has_no_gradient(part):
    head = torch.randn(1, 2, 4, 4, requires_grad=True)
    weight = torch.zeros(1, 2, 4, 4)
    weight[..., 0] = 1
    part(head, torch.zeros(1, 2, 4, 4), weight).backward()
    assert head.grad[..., 1:].abs().max() == 0
    assert head.grad[..., 0].abs().min() > 0


def test_a_distance_is_the_mean_in_cells_over_what_is_labelled():
    weight = torch.zeros(1, 2, 2, 2)
    weight[0, 0, 0] = 1
    head = torch.tensor([3.0, -1.0]).expand(1, 2, 2, 2)
    assert distance(head, torch.zeros(1, 2, 2, 2), weight) == 2


def test_nothing_labelled_is_no_loss_and_not_nan():
    nothing = Target(torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4))
    found = losses(
        {"offset": torch.ones(1, 2, 4, 4), "heatmap": torch.ones(1, 2, 4, 4)},
        {"offset": nothing, "heatmap": nothing},
    )
    assert {name: float(part) for name, part in found.items()} == {"offset": 0, "heatmap": 0}


def test_a_student_that_says_what_its_teacher_says_has_nothing_to_learn():
    torch.manual_seed(0)
    heads = {"heatmap": torch.randn(2, 3, 4, 4), "offset": torch.randn(2, 6, 4, 4)}
    targets = {name: Target(torch.zeros_like(head), torch.zeros_like(head)) for name, head in heads.items()}
    for name, part in lessons(heads, heads, targets, beside=0.5).items():
        assert abs(float(part)) < 1e-6, name


def test_a_teacher_counts_less_where_there_are_labels():
    student, taught = torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 4.0)
    labelled = {"heatmap": Target(torch.zeros(1, 1, 2, 2), torch.eye(2)[None, None])}
    student.requires_grad_()
    lessons({"heatmap": student}, {"heatmap": taught}, labelled, beside=0.25)["teacher_heatmap"].backward()
    on, off = student.grad[0, 0, 0, 0], student.grad[0, 0, 0, 1]
    assert float(on / off) == pytest.approx(0.25)


def test_the_ways_of_a_teacher_matter_where_its_map_sees_something():
    guide = torch.tensor([[[[1.0, 0.0]]]])
    taught = torch.zeros(1, 2, 1, 2)
    ways = torch.tensor([[[[2.0, 50.0]], [[4.0, 50.0]]]])
    assert approach(ways, taught, guide, torch.ones(1, 2, 1, 2)) == 3
    assert follow(guide, guide, guide.sigmoid(), torch.ones(1, 1, 1, 2)) == 0
