"""PoseNet, MoveNet's predecessor, under the same roof: its network, and how to read its answers."""
