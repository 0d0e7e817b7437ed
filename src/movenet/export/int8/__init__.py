"""QuantizedWeights models: the graph, the rounding of its weights, and the proof that its sums are exact."""
