"""CPU features of this machine (bfloat16 instructions)."""

from pathlib import Path

_BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}
"""Names of such instructions in Linux's /proc/cpuinfo, on x86 and on Arm."""


def has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool | None:
    """Whether the processor has instructions for bfloat16; None where the system does not say (it does on Linux)."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    flags = [line.partition(":")[2].split() for line in lines if line.lower().startswith(("flags", "features"))]
    return not _BFLOAT16.isdisjoint(flags[0]) if flags else None
