"""Steps are relative to the size of pretrained weights."""

import copy

import torch

from movenet.networks.movenet import Architecture, Network
from movenet.training import scaled_weights


def network():
    torch.manual_seed(0)
    return Network(Architecture(0.35, keypoints=3)).eval()


def scaled(plain, pretrained):
    names = set(plain.state_dict()) if pretrained else ()
    return scaled_weights.scale_pretrained(copy.deepcopy(plain), names)


def changes(plain, pretrained):
    """Return the change of each weight in a step of Adam with a learning rate of .001."""
    trained = scaled(plain, pretrained)
    optimizer = torch.optim.Adam(trained.parameters(), lr=1e-3)
    for parameter in trained.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    after = scaled_weights.fold(trained).state_dict()
    return {name: (after[name] - old).abs() for name, old in plain.state_dict().items()}


def test_a_step_is_relative_to_the_size_of_each_row():
    plain = network()
    conv = plain.heads["heatmap"].answer
    with torch.no_grad():
        conv.weight[0] *= 1000
    rows = conv.weight.detach().flatten(1)
    moved = changes(plain, pretrained=True)
    sizes = rows.square().mean(dim=1, keepdim=True).sqrt().expand_as(rows)
    torch.testing.assert_close(
        moved["heads.heatmap.answer.weight"].flatten(1) / sizes,
        torch.full_like(rows, 1e-3),
        rtol=0.02,
        atol=0,
    )
    torch.testing.assert_close(moved["heads.heatmap.answer.bias"], 1e-3 * rows.norm(dim=1), rtol=0.02, atol=0)


def test_a_step_of_random_weights_is_the_learning_rate():
    for name, change in changes(network(), pretrained=False).items():
        torch.testing.assert_close(change, torch.full_like(change, 1e-3), rtol=0.02, atol=0, msg=name)


def test_scaled_weights_do_not_change_the_output_and_fold_to_the_originals():
    plain = network()
    with torch.no_grad():
        plain.backbone.stem.weight[0] = 0
    trained = scaled(plain, pretrained=True)
    squares = torch.randint(0, 255, (1, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        for name, head in plain(squares).items():
            torch.testing.assert_close(trained(squares)[name], head)
    for name, weights in scaled_weights.fold(copy.deepcopy(trained)).state_dict().items():
        torch.testing.assert_close(weights, plain.state_dict()[name])
