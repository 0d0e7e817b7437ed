"""Numbers in the text format that Prometheus reads."""

from movenet.metrics import Counter, Gauge, Histogram, prometheus_text


def test_counters_and_gauges_are_a_line_each():
    counter = Counter("a_total", "Things.")
    counter.add()
    counter.add(2)
    text = prometheus_text([counter, Gauge("b", "Now.", lambda: 7)])
    assert text.splitlines() == [
        "# HELP a_total Things.",
        "# TYPE a_total counter",
        "a_total 3",
        "# HELP b Now.",
        "# TYPE b gauge",
        "b 7",
    ]


def test_the_buckets_of_a_histogram_are_cumulative():
    histogram = Histogram("c_seconds", "Times.", (0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 3.0):
        histogram.observe(value)
    assert prometheus_text([histogram]).splitlines()[2:] == [
        'c_seconds_bucket{le="0.1"} 2',
        'c_seconds_bucket{le="1.0"} 3',
        'c_seconds_bucket{le="+Inf"} 4',
        "c_seconds_sum 3.65",
        "c_seconds_count 4",
    ]
    assert histogram.mean == 3.65 / 4
    assert Histogram("d", "").mean == 0
