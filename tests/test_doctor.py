"""The doctor sees what is wrong."""

from movenet.doctor import examine, processor_name


def test_a_sound_installation_has_nothing_to_mend():
    findings = examine()
    assert [finding for finding in findings if not finding.sound] == []
    assert {"movenet", "lightning", "thunder", "multipose", "engine openvino", "opencv"} <= {
        f.what for f in findings
    }


def test_the_precision_chosen_is_named():
    engine = next(finding for finding in examine() if finding.what == "engine openvino")
    assert engine.says.startswith("works, precision ")


def test_the_processor_has_a_name():
    assert processor_name()
