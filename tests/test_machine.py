"""What the machine has is read rightly, and cores are shared so that nobody waits."""

import os
import subprocess
import sys

import pytest

from movenet.machine import (
    INSTRUCTION_LIMITS,
    features,
    has_int8_dot_products,
    may_use_bf16,
    processor,
    processor_name,
    read_cpuinfo,
    read_sysctl,
    read_windows,
    threads_for_video,
    usable_cores,
)

ZEN_3 = """processor\t: 0
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC 7763 64-Core Processor
flags\t\t: fpu sse4_2 avx fma avx2 bmi2 sha_ni vaes vpclmulqdq
bugs\t\t: sysret_ss_attrs spec_store_bypass

processor\t: 1
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC 7763 64-Core Processor
flags\t\t: fpu sse4_2 avx fma avx2 bmi2 sha_ni vaes vpclmulqdq
"""
ICE_LAKE = """processor\t: 0
model name\t: Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz
flags\t\t: fpu avx avx2 avx512f avx512dq avx512bw avx512vl avx512_vnni avx512_bitalg
"""
SAPPHIRE_RAPIDS = """processor\t: 0
model name\t: Intel(R) Xeon(R) Platinum 8488C
flags\t\t: fpu avx2 avx512f avx512dq avx_vnni avx512_bf16 avx512_vnni amx_bf16 avx512_fp16 amx_tile amx_int8
"""
GRAVITON_3 = """processor\t: 0
BogoMIPS\t: 2100.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimddp sve i8mm bf16
CPU implementer\t: 0x41
CPU part\t: 0xd40
"""
RASPBERRY_PI_4 = "processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU part\t: 0xd08\n"
M2 = """hw.optional.floatingpoint: 1
hw.optional.AdvSIMD: 1
hw.optional.arm.FEAT_DotProd: 1
hw.optional.arm.FEAT_I8MM: 1
hw.optional.arm.FEAT_BF16: 1
hw.optional.arm.FEAT_SME: 0
machdep.cpu.brand_string: Apple M2
"""


@pytest.mark.parametrize(
    ("text", "present"),
    [
        (ZEN_3, {"avx2"}),
        (ICE_LAKE, {"avx2", "avx512f", "avx512_vnni"}),
        (
            SAPPHIRE_RAPIDS,
            {"avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"},
        ),
        (GRAVITON_3, {"asimd", "asimddp", "i8mm", "bf16"}),
        (RASPBERRY_PI_4, {"asimd"}),
        ("", set()),
    ],
    ids=["Zen 3", "Ice Lake", "Sapphire Rapids", "Graviton 3", "Raspberry Pi 4", "nothing"],
)
def test_processor_features_are_read_from_linux(text, present):
    assert read_cpuinfo(text).features == present


def test_processor_features_are_read_from_macos():
    assert read_sysctl(M2).name == "Apple M2"
    assert read_sysctl(M2).features == {"asimd", "asimddp", "i8mm", "bf16"}
    assert read_sysctl(M2.replace("DotProd: 1", "DotProd: 0")).features == {"asimd", "i8mm", "bf16"}


def test_processor_features_are_read_from_windows():
    assert read_windows(lambda number: number == 40).features == {"avx2"}
    assert read_windows(lambda number: number in (19, 43)).features == {"asimd", "asimddp"}


def test_a_processor_is_named_with_its_features():
    assert str(read_cpuinfo(ZEN_3)) == "AMD EPYC 7763 64-Core Processor (avx2)"
    assert str(read_cpuinfo("model name : Old")) == "Old (no wide vectors)"


def test_this_processor_has_a_name():
    assert processor_name()


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        ("", {"avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"}),
        ("unknown", {"avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"}),
        ("SSE41", set()),
        ("avx2", {"avx2"}),
        ("AVX2_VNNI", {"avx2", "avx_vnni"}),
        ("AVX512_CORE", {"avx2", "avx512f"}),
        ("AVX512_CORE_VNNI", {"avx2", "avx512f", "avx512_vnni"}),
        ("AVX512_CORE_BF16", {"avx2", "avx512f", "avx512_vnni", "avx512_bf16"}),
    ],
)
def test_features_above_the_limit_of_openvino_count_as_absent(limit, left):
    assert read_cpuinfo(SAPPHIRE_RAPIDS).limited(limit) == left


@pytest.mark.parametrize("limit", INSTRUCTION_LIMITS)
def test_a_limit_of_x86_removes_no_feature_of_arm(limit):
    graviton = read_cpuinfo(GRAVITON_3)
    assert graviton.limited(limit) == graviton.features


def test_the_limit_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    assert features() == processor().limited("SSE41")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA")
    assert features() == processor().features


def test_an_x86_processor_limited_to_avx2_has_no_int8_dot_products(monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert has_int8_dot_products() == bool({"asimddp", "i8mm"} & processor().features)


@pytest.mark.parametrize(
    ("limit", "allowed"), [("AVX512_CORE_VNNI", False), ("AVX512_CORE_BF16", True), ("", True)]
)
def test_a_limit_below_bf16_forbids_it(limit, allowed, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert may_use_bf16() == allowed


def test_there_is_at_least_one_core_to_use():
    assert 1 <= usable_cores() <= os.cpu_count()


def test_inference_on_a_video_uses_half_of_the_cores():
    assert threads_for_video() == max(usable_cores() // 2, 1)


def test_a_process_bound_to_one_core_has_one_usable_core():
    bind = "import os; hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])"
    count = (
        "from movenet.machine import threads_for_video, usable_cores; "
        "print(usable_cores(), threads_for_video(), hasattr(os, 'sched_setaffinity'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{bind}; {count}"], capture_output=True, text=True, check=True
    )
    cores, threads, bound = done.stdout.split()
    assert (cores, threads) == ("1", "1") or bound == "False"
