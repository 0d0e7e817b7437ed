"""Records go to disk and come back, whatever the format and whatever goes wrong."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from movenet.errors import DataError, FileError
from movenet.pose import KEYPOINTS, Pose
from movenet.records import Record, from_json, number_in_name, open_records, read_records, to_json

FORMATS = ("a.jsonl", "a.csv", "a.wide.csv", "a.parquet")


def pose(seed, **others):
    random = np.random.default_rng(seed)
    keypoints = random.uniform(-20, 4000, (17, 2)).astype(np.float32)
    return Pose(keypoints, random.uniform(0, 1, 17).astype(np.float32), float(random.uniform()), **others)


def video():
    """Four frames: two people, one, nobody, one without box and id whose wrist is nowhere."""
    lost = pose(4)
    lost.keypoints[9] = np.nan
    lost.scores[9] = np.nan
    people = [(pose(1, id=3, box=(1.25, 2.5, 30.0, 40.75)), pose(2, id=0)), (pose(3, id=3),), (), (lost,)]
    return [Record('춤, "dance".mp4', n, n / 30, 1920, 1080, poses) for n, poses in enumerate(people)]


def write(path, records, **options):
    with open_records(path, **options) as out:
        for record in records:
            out.write(record)
    return path


def assert_same(one, other):
    assert (one.source, one.frame, one.width, one.height) == (
        other.source,
        other.frame,
        other.width,
        other.height,
    )
    assert one.time_s == pytest.approx(other.time_s, abs=1e-6)
    assert len(one.poses) == len(other.poses)
    for a, b in zip(one.poses, other.poses, strict=True):
        assert a.id == b.id
        assert a.score == pytest.approx(b.score, abs=6e-5, nan_ok=True)
        assert (a.box is None) == (b.box is None)
        assert a.box is None or a.box == pytest.approx(b.box, abs=6e-3)
        assert a.keypoints.dtype == a.scores.dtype == np.float32
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=6e-3)
        np.testing.assert_allclose(a.scores, b.scores, atol=6e-5)


# --- there and back ---


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_back_what_was_written(tmp_path, name):
    path = write(tmp_path / name, video())
    back = list(read_records(path))
    assert len(back) == len(video())
    for one, other in zip(back, video(), strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("name", [*FORMATS, "a.json"])
def test_a_video_of_no_frames_gives_back_none(tmp_path, name):
    assert list(read_records(write(tmp_path / name, []))) == []


@pytest.mark.parametrize("name", FORMATS)
def test_photos_that_follow_each_other_stay_apart(tmp_path, name):
    photos = [Record(f"{n}.jpg", 0, 0.0, 64, 48, (pose(n),)) for n in range(3)]
    assert [r.source for r in read_records(write(tmp_path / name, photos))] == ["0.jpg", "1.jpg", "2.jpg"]


@pytest.mark.parametrize("name", ["a.csv", "a.wide.csv", "a.parquet"])
def test_skeletons_of_another_kind_are_written_under_their_own_names(tmp_path, name):
    hand = Pose(np.array([[1, 2], [3, 4]], np.float32), np.array([0.5, 0.25], np.float32), 1.0)
    record = Record("a.mp4", 0, 0.0, 9, 9, (hand,))
    path = write(tmp_path / name, [record], keypoints=("thumb", "palm"))
    assert_same(next(read_records(path)), record)


def test_many_rows_pass_through_parquet_in_groups(tmp_path):
    video = [Record("a.mp4", n, n / 30, 64, 48, (pose(n % 7),)) for n in range(5000)]
    assert [r.frame for r in read_records(write(tmp_path / "a.parquet", video))] == list(range(5000))


# --- JSON Lines ---


def test_the_json_object_is_the_promised_one():
    one = Pose(
        np.full((17, 2), 1.239, np.float32), np.full(17, 0.56789, np.float32), 0.12346, (1, 2, 3, 4.005), 7
    )
    assert json.loads(to_json(Record("a.mp4", 2, 1 / 15, 640, 480, (one,)))) == {
        "source": "a.mp4",
        "frame": 2,
        "time_s": 0.066667,
        "width": 640,
        "height": 480,
        "poses": [{"id": 7, "score": 0.1235, "box": [1, 2, 3, 4], "keypoints": [[1.24, 1.24, 0.5679]] * 17}],
    }


def test_a_record_is_one_line_of_ascii():
    line = to_json(Record("줄\n바꿈.mp4", 0, 0.0, 1, 1))
    assert line.isascii()
    assert "\n" not in line


def test_what_is_not_finite_is_null_and_comes_back_as_nan():
    lost = Pose(np.full((17, 2), np.inf, np.float32), np.full(17, np.nan, np.float32), float("nan"))
    line = to_json(Record("a", 0, 0.0, 1, 1, (lost,)))
    assert "NaN" not in line
    assert "Infinity" not in line
    back = from_json(line).poses[0]
    assert np.isnan([*back.keypoints.ravel(), *back.scores, back.score]).all()


def test_numbers_of_numpy_are_written_as_numbers():
    record = Record("a", np.int64(3), np.float32(0.5), np.int32(4), np.int64(5), (pose(1, id=np.int64(2)),))
    assert_same(from_json(to_json(record)), record)


def test_a_time_that_is_no_number_is_refused():
    with pytest.raises(DataError, match="expected the time of frame 0 in seconds, got nan"):
        Record("a", 0, float("nan"), 1, 1)


def test_a_file_name_that_is_no_text_survives(tmp_path):
    source = os.fsdecode(b"caf\xe9.mp4")
    for name in ("a.jsonl", "a.csv"):
        path = write(tmp_path / name, [Record(source, 0, 0.0, 1, 1)])
        assert next(read_records(path)).source == source
    assert (
        next(read_records(write(tmp_path / "a.parquet", [Record(source, 0, 0.0, 1, 1)]))).source == "caf?.mp4"
    )


# --- tables ---


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_long_table_has_a_row_per_keypoint(tmp_path):
    rows = rows_of(write(tmp_path / "a.csv", video()[:1]))
    assert len(rows) == 2 * 17
    assert [row["keypoint"] for row in rows[:17]] == list(KEYPOINTS)
    assert float(rows[9]["x"]) == pytest.approx(video()[0].poses[0].keypoints[9, 0], abs=0.006)


def test_the_wide_table_has_a_row_per_person(tmp_path):
    rows = rows_of(write(tmp_path / "a.wide.csv", video()[:1]))
    assert [row["id"] for row in rows] == ["3", "0"]
    assert float(rows[1]["left_wrist_y"]) == pytest.approx(video()[0].poses[1].keypoints[9, 1], abs=0.006)


@pytest.mark.parametrize("name", ["a.csv", "a.wide.csv"])
def test_a_frame_with_nobody_keeps_a_row_without_a_person(tmp_path, name):
    (row,) = rows_of(write(tmp_path / name, [video()[2]]))
    assert (row["frame"], row["person"]) == ("2", "")


def test_parquet_has_columns_of_numbers(tmp_path):
    import pyarrow.parquet as pq

    table = pq.read_table(write(tmp_path / "a.parquet", video()))
    kinds = {field.name: str(field.type) for field in table.schema}
    assert (kinds["source"], kinds["time_s"], kinds["id"], kinds["nose_x"]) == (
        "string",
        "double",
        "int64",
        "float",
    )
    assert table["id"].to_pylist() == [3, 0, 3, None, None]


@pytest.mark.parametrize("name", ["a.csv", "a.wide.csv", "a.parquet"])
def test_a_pose_of_another_length_than_the_names_is_refused(tmp_path, name):
    hand = Pose(np.zeros((2, 2), np.float32), np.zeros(2, np.float32), 1.0)
    with pytest.raises(DataError, match="expected 17 keypoints as named, got a pose of 2"):
        write(tmp_path / name, [Record("a", 0, 0.0, 1, 1, (hand,))])


# --- COCO ---


def test_coco_results_are_what_pycocotools_reads(tmp_path, capsys):
    photos = [Record(f"dir/00000012{n}.jpg", 0, 0.0, 64, 48, (pose(n), pose(n + 9))) for n in range(3)]
    path = write(tmp_path / "a.json", photos)
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": 120 + n} for n in range(3)],
        "annotations": [],
        "categories": [{"id": 1}],
    }
    truth.createIndex()
    results = truth.loadRes(str(path)).anns
    capsys.readouterr()
    assert [(r["image_id"], r["category_id"]) for r in results.values()] == [
        (120 + n, 1) for n in range(3) for _ in range(2)
    ]


def test_coco_keypoints_lie_a_quarter_pixel_off_ours(tmp_path):
    one = replace(pose(1), keypoints=np.full((17, 2), 10.5, np.float32))
    (result,) = json.loads(write(tmp_path / "a.json", [Record("7.jpg", 0, 0.0, 64, 48, (one,))]).read_text())
    assert result["keypoints"][:2] == [10.25, 10.25]
    assert len(result["keypoints"]) == 51


def test_coco_results_come_back_by_image(tmp_path):
    records = video()
    back = list(read_records(write(tmp_path / "a.json", records)))
    assert [r.frame for r in back] == [0, 1, 3]
    for one, other in zip(back, (records[0], records[1], records[3]), strict=True):
        expected = tuple(replace(p, box=None, scores=np.nan_to_num(p.scores)) for p in other.poses)
        assert_same(one, Record(str(other.frame), other.frame, 0.0, 0, 0, expected))


@pytest.mark.parametrize(
    ("source", "frame", "number"),
    [
        ("val/000000397133.jpg", 0, 397133),
        ("COCO_val2014_000000000042.JPG", 0, 42),
        ("clip7.mp4", 0, 0),
        ("clip7.mp4", 5, 5),
        ("dance7.gif", 5, 5),
        ("me.jpg", 0, 0),
    ],
)
def test_a_photos_number_is_in_its_name_and_a_videos_in_its_frames(source, frame, number):
    assert number_in_name(Record(source, frame, 0.0, 1, 1)) == number


def test_two_pictures_of_one_number_are_refused_with_both_names(tmp_path):
    photos = [Record(name, 0, 0.0, 1, 1, (pose(1),)) for name in ("me.jpg", "you.jpg")]
    with pytest.raises(DataError, match=r"you\.jpg and frame 0 of me\.jpg would both have the image_id 0"):
        write(tmp_path / "a.json", photos)
    numbers = {"me.jpg": 5, "you.jpg": 6}
    path = write(tmp_path / "a.json", photos, image_id=lambda record: numbers[record.source])
    assert [r.frame for r in read_records(path)] == [5, 6]


# --- when it ends ---


@pytest.mark.parametrize("name", [*FORMATS, "a.json"])
def test_the_file_appears_when_it_is_closed(tmp_path, name):
    with open_records(tmp_path / name) as out:
        out.write(video()[0])
        assert not (tmp_path / name).exists()
    assert [p.name for p in tmp_path.iterdir()] == [name]


def write_then_raise(path, records, problem):
    with open_records(path) as out:
        for record in records:
            out.write(record)
        raise problem


@pytest.mark.parametrize("name", [*FORMATS, "a.json"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, GeneratorExit, SystemExit])
def test_stopping_keeps_what_was_written(tmp_path, name, stop):
    with pytest.raises(stop):
        write_then_raise(tmp_path / name, video()[:2], stop)
    assert [r.frame for r in read_records(tmp_path / name)] == [0, 1]
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", [*FORMATS, "a.json"])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, name):
    (tmp_path / name).write_text("old")
    with pytest.raises(RuntimeError):
        write_then_raise(tmp_path / name, video(), RuntimeError)
    assert (tmp_path / name).read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_without_a_block_close_publishes_and_closing_twice_is_fine(tmp_path):
    out = open_records(tmp_path / "a.jsonl")
    out.write(video()[0])
    out.close()
    out.close()
    out.discard()
    assert len(list(read_records(tmp_path / "a.jsonl"))) == 1


def test_writing_after_the_end_is_an_error(tmp_path):
    out = open_records(tmp_path / "a.jsonl")
    out.close()
    with pytest.raises(DataError, match="it is closed"):
        out.write(video()[0])


@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_is_a_clear_error_and_leaves_nothing(tmp_path, name):
    # A limit on the size of files stands for the full disk: the system refuses the write in the same place.
    code = (
        "import resource, signal, sys, pathlib\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import pyarrow.parquet\n"
        "from test_records import video, open_records, FileError, Record, pose\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "try:\n"
        "    with open_records(path) as out:\n"
        "        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "        for n in range(6000): out.write(Record('a.mp4', n, n / 30, 64, 48, (pose(n),)))\n"
        "except FileError as problem: print(problem)\n"
        "print(list(path.parent.iterdir()))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / name], capture_output=True, text=True, check=True
    )
    said, left = run.stdout.splitlines()
    assert said.startswith(f"cannot write {tmp_path / name}: ")
    assert "too large" in said
    assert left == "[]"


def test_an_unknown_ending_names_the_known_ones(tmp_path):
    for use in (open_records, read_records):
        with pytest.raises(DataError, match=r"\.jsonl .*\.csv \.parquet \.json"):
            use(tmp_path / "a.xml")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileError, match="create it first"):
        open_records(tmp_path / "none" / "a.jsonl")


# --- what is malformed ---


def test_missing_records_are_an_error_at_once(tmp_path):
    with pytest.raises(FileError, match="there is no such file"):
        read_records(tmp_path / "a.jsonl")


GOOD = '{"source": "a", "frame": 0, "time_s": 0, "width": 1, "height": 1, "poses": []}'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (GOOD[:30], "expected a JSON object"),
        ("hello", "expected a JSON object"),
        ("[1, 2]", "malformed"),
        (GOOD.replace('"frame": 0, ', ""), "expected the key 'frame'"),
        (GOOD.replace('"frame": 0', '"frame": "x"'), "malformed"),
        (GOOD.replace('"frame": 0', '"frame": 1e999'), "malformed"),
        (GOOD.replace('"time_s": 0', '"time_s": null'), "malformed"),
        (GOOD.replace("[]", "[{}]"), "expected the key 'keypoints'"),
        (GOOD.replace("[]", '[{"keypoints": [[1, 2]], "score": 1, "box": null, "id": null}]'), "malformed"),
        (GOOD.replace("[]", '[{"keypoints": [[1, 2, 3]], "score": 1, "box": [1], "id": null}]'), "malformed"),
    ],
)
def test_a_malformed_line_is_named_by_file_and_number(tmp_path, line, said):
    path = tmp_path / "a.jsonl"
    path.write_text(f"{GOOD}\n\n{line}\n")
    records = read_records(path)
    assert next(records).source == "a"
    with pytest.raises(DataError, match=said) as caught:
        next(records)
    assert str(caught.value).startswith(f"{path}, line 3: ")


@pytest.mark.parametrize("name", ["a.csv", "a.wide.csv"])
def test_a_malformed_row_is_named_by_file_and_line(tmp_path, name):
    path = write(tmp_path / name, [video()[2], video()[1]])
    path.write_text(path.read_text().replace("0.033333", "soon", 1))
    with pytest.raises(DataError, match=r"line 3: expected a number as time_s, got 'soon'"):
        list(read_records(path))


@pytest.mark.parametrize("name", ["a.csv", "a.wide.csv"])
def test_a_table_cut_within_a_row_is_an_error(tmp_path, name):
    path = write(tmp_path / name, [video()[2]])
    path.write_text(path.read_text().split("0.0666")[0])
    with pytest.raises(DataError, match="line 2: expected a number as time_s"):
        list(read_records(path))


def test_a_table_without_a_column_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text("source,frame\na,1\n")
    with pytest.raises(DataError, match="line 2: expected the column time_s, got none"):
        list(read_records(tmp_path / "a.csv"))


def test_a_damaged_parquet_file_is_an_error(tmp_path):
    (tmp_path / "a.parquet").write_bytes(write(tmp_path / "b.parquet", video()).read_bytes()[:-40])
    with pytest.raises(DataError, match="expected a Parquet file"):
        list(read_records(tmp_path / "a.parquet"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "got no JSON"),
        ("{}", "got one dict"),
        ("[1]", "result 1: expected image_id, keypoints and score"),
        ('[{"image_id": 1, "keypoints": [1, 2], "score": 1}]', "result 1"),
        ('[{"image_id": 1, "keypoints": [1, 2, 3]}]', "result 1"),
    ],
)
def test_malformed_coco_results_are_an_error(tmp_path, text, said):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=said):
        list(read_records(tmp_path / "a.json"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"source": "a"', '"source": null'),
        ('"source": "a"', '"source": ["a"]'),
        ('"frame": 0', '"frame": 0.5'),
        ('"frame": 0', '"frame": true'),
        ('"frame": 0', '"frame": "1"'),
        ('"frame": 0', f'"frame": 1{"0" * 40}'),
        ('"frame": 0', '"frame": NaN'),
        ('"time_s": 0', '"time_s": Infinity'),
        ('"time_s": 0', '"time_s": "0"'),
        ('"time_s": 0', f'"time_s": {"[" * 50}0{"]" * 50}'),
        ('"width": 1', '"width": null'),
        ("[]", '{"a": 1}'),
        ("[]", '"abc"'),
        ("[]", "null"),
        ("[]", "[" * 5000 + "]" * 5000),
        ("[]", '[{"keypoints": [[1, 2, "3"]], "score": 1, "box": null, "id": null}]'),
        ("[]", '[{"keypoints": [[1, 2, true]], "score": 1, "box": null, "id": null}]'),
        ("[]", '[{"keypoints": [[1, 2, 3], [1]], "score": 1, "box": null, "id": null}]'),
        ("[]", '[{"keypoints": [[1, Infinity, 3]], "score": 1, "box": null, "id": null}]'),
        ("[]", '[{"keypoints": [[1, 1e39, 3]], "score": 1, "box": null, "id": null}]'),
        ("[]", f'[{{"keypoints": [[1, 1{"0" * 400}, 3]], "score": 1, "box": null, "id": null}}]'),
        ("[]", '[{"keypoints": [[1, 2, 3]], "score": [1], "box": null, "id": null}]'),
        ("[]", '[{"keypoints": [[1, 2, 3]], "score": 1, "box": null, "id": 7.5}]'),
        ("[]", '[{"keypoints": [[1, 2, 3]], "score": 1, "box": null, "id": "7"}]'),
    ],
)
def test_a_value_of_another_kind_is_refused_by_file_and_line(tmp_path, old, new):
    (tmp_path / "a.jsonl").write_text(GOOD.replace(old, new))
    with pytest.raises(DataError, match=r"a\.jsonl, line 1: expected"):
        list(read_records(tmp_path / "a.jsonl"))


def test_nan_in_a_record_is_what_null_is(tmp_path):
    pose = '[{"keypoints": [[1, NaN, null]], "score": NaN, "box": null, "id": null}]'
    (tmp_path / "a.jsonl").write_text(GOOD.replace("[]", pose))
    (one,) = next(read_records(tmp_path / "a.jsonl")).poses
    np.testing.assert_array_equal([*one.keypoints[0], *one.scores, one.score], [1, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("name", FORMATS[:3])
def test_a_byte_order_mark_is_no_part_of_the_records(tmp_path, name):
    path = write(tmp_path / name, video())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert [record.frame for record in read_records(path)] == [0, 1, 2, 3]


def test_bytes_that_are_no_text_stay_what_they_are_in_a_file_name(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(GOOD.encode().replace(b'"a"', b'"caf\xe9"'))
    assert os.fsencode(next(read_records(tmp_path / "a.jsonl")).source) == b"caf\xe9"


def test_half_a_surrogate_pair_in_a_name_is_written_as_json_has_it_and_elsewhere_as_a_question_mark(tmp_path):
    record = Record("a\ud800.mp4", 0, 0.0, 1, 1)
    got = [next(read_records(write(tmp_path / name, [record]))).source for name in FORMATS]
    assert got == ["a\ud800.mp4", "a?.mp4", "a?.mp4", "a?.mp4"]


def test_a_wide_table_with_people_but_no_keypoints_is_refused(tmp_path):
    path = write(tmp_path / "a.wide.csv", video()[:1])
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(row[:12] for row in rows)
    with pytest.raises(DataError, match=r"line 2: expected columns of keypoints such as nose_x"):
        list(read_records(path))


def test_an_empty_file_is_no_table(tmp_path):
    (tmp_path / "a.csv").touch()
    with pytest.raises(DataError, match=r"a\.csv: expected a table with a line of column names"):
        list(read_records(tmp_path / "a.csv"))


@pytest.mark.parametrize("value", ["0.5", "1e400", "9" * 30, "nan", "x"])
def test_a_cell_that_should_be_a_whole_number_is_refused_by_line(tmp_path, value):
    path = tmp_path / "a.csv"
    path.write_text(f"source,frame,time_s,width,height,person,keypoint\na,{value},0,1,1,,\n")
    with pytest.raises(DataError, match=r"line 2: expected a whole number as frame, got "):
        list(read_records(path))


@pytest.mark.parametrize("name", FORMATS)
def test_a_large_id_comes_back_to_the_last_digit(tmp_path, name):
    records = [Record("a", 2**60 + 1, 0.0, 1, 1, (pose(1, id=2**62 + 1),))]
    (back,) = read_records(write(tmp_path / name, records))
    assert (back.frame, back.poses[0].id) == (2**60 + 1, 2**62 + 1)


def test_coco_results_of_another_kind_are_refused(tmp_path):
    good = {"image_id": 1, "keypoints": [1, 2, 3], "score": 0.5}
    for odd in (
        {"image_id": 1.5},
        {"image_id": [1]},
        {"keypoints": ["1", "2", "3"]},
        {"keypoints": {"a": 1}},
    ):
        (tmp_path / "a.json").write_text(json.dumps([good | odd]))
        with pytest.raises(DataError, match="result 1: expected image_id, keypoints and score"):
            list(read_records(tmp_path / "a.json"))
    (tmp_path / "a.json").write_text("[" * 100_000)
    with pytest.raises(DataError, match="got no JSON"):
        list(read_records(tmp_path / "a.json"))


def test_text_in_parquet_that_is_no_utf_8_is_refused(tmp_path):
    path = write(tmp_path / "a.parquet", [Record("clip.mp4", 0, 0.0, 1, 1)])
    data = path.read_bytes()
    at = data.index(b"clip.mp4")
    path.write_bytes(data[:at] + b"\xff" + data[at + 1 :])
    with pytest.raises(DataError, match="expected a Parquet file"):
        list(read_records(path))


# --- spreadsheets ---

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'=1", "''=1", "'a", "a=1", "'"]


@pytest.mark.parametrize("name", ["a.csv", "a.wide.csv"])
@pytest.mark.parametrize("text", FORMULAS)
def test_a_name_that_equals_a_formula_comes_back_as_it_was(tmp_path, name, text):
    assert next(read_records(write(tmp_path / name, [Record(text, 0, 0.0, 1, 1)]))).source == text


@pytest.mark.parametrize("name", ["a.csv", "a.wide.csv"])
def test_no_cell_of_text_is_a_formula_and_numbers_stay_numbers(tmp_path, name):
    left = Pose(np.array([[-3.5, 2], [3, 4]], np.float32), np.array([0.5, 0.25], np.float32), 1.0)
    path = write(tmp_path / name, [Record("=1+1", 0, 0.0, 9, 9, (left,))], keypoints=("=thumb", "-palm"))
    with path.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=1+1" in cells
    assert "-3.5" in cells
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell not in ("", "-3.5")]
    assert_same(next(read_records(path)), Record("=1+1", 0, 0.0, 9, 9, (left,)))
