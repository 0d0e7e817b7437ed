"""Steps are as large as the weights they change allow."""

import copy

import torch

from movenet.networks.movenet import Architecture, Network
from movenet.training import scaled_weights


def network():
    torch.manual_seed(0)
    return Network(Architecture(0.35, keypoints=3)).eval()


def learner(plain, known):
    return scaled_weights.begin(copy.deepcopy(plain), set(plain.state_dict()) if known else ())


def ways(plain, known):
    """Return how far each weight moves in a step of Adam at a rate of .001."""
    learned = learner(plain, known)
    optimizer = torch.optim.Adam(learned.parameters(), lr=1e-3)
    for parameter in learned.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    after = scaled_weights.fold(learned).state_dict()
    return {name: (after[name] - old).abs() for name, old in plain.state_dict().items()}


def test_a_step_is_a_share_of_each_rows_size_whatever_its_scale():
    plain = network()
    conv = plain.heads["heatmap"].answer
    with torch.no_grad():
        conv.weight[0] *= 1000
    rows = conv.weight.detach().flatten(1)
    moved = ways(plain, known=True)
    sizes = rows.square().mean(dim=1, keepdim=True).sqrt().expand_as(rows)
    torch.testing.assert_close(
        moved["heads.heatmap.answer.weight"].flatten(1) / sizes,
        torch.full_like(rows, 1e-3),
        rtol=0.02,
        atol=0,
    )
    torch.testing.assert_close(moved["heads.heatmap.answer.bias"], 1e-3 * rows.norm(dim=1), rtol=0.02, atol=0)


def test_a_step_of_weights_drawn_at_random_is_the_rate_itself():
    for name, way in ways(network(), known=False).items():
        torch.testing.assert_close(way, torch.full_like(way, 1e-3), rtol=0.02, atol=0, msg=name)


def test_a_measured_network_answers_the_same_and_is_what_it_was_once_folded():
    plain = network()
    with torch.no_grad():
        plain.backbone.stem.weight[0] = 0
    learned = learner(plain, known=True)
    squares = torch.randint(0, 255, (1, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        for name, head in plain(squares).items():
            torch.testing.assert_close(learned(squares)[name], head)
    for name, weights in scaled_weights.fold(copy.deepcopy(learned)).state_dict().items():
        torch.testing.assert_close(weights, plain.state_dict()[name])
