"""Which header declares a name that a cell uses without it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from spinlab.languages.c import parts
from spinlab.languages.c.parts import CPP, ZIG, Kind

_DECLARED = re.compile(r"\b(spin_\w+)\s*\(")

_C: Final = {
    "stdio.h": "printf fprintf snprintf sprintf vsnprintf puts putchar fputs fopen fclose fgets fread fwrite stdout "
    "stderr scanf sscanf perror FILE",
    "stdlib.h": "malloc calloc realloc free atoi atol atof strtol strtoul strtod qsort bsearch rand srand abs exit "
    "abort getenv",
    "string.h": "strlen strcmp strncmp strcpy strncpy strcat strncat strchr strrchr strstr strdup strtok memcpy "
    "memmove memset memcmp",
    "math.h": "sqrt pow sin cos tan exp log log2 log10 floor ceil fabs fmod round hypot M_PI",
    "ctype.h": "isdigit isalpha isalnum isspace isupper islower toupper tolower",
    "time.h": "time clock clock_gettime gmtime localtime strftime nanosleep time_t",
    "unistd.h": "sleep usleep",
    "assert.h": "assert",
    "errno.h": "errno",
    "inttypes.h": "PRId64 PRIu64 PRIx64",
}
_CPP: Final = {
    "algorithm": "sort find find_if max min reverse count transform copy accumulate clamp",
    "array": "array",
    "chrono": "chrono",
    "cmath": "sqrt pow sin cos floor ceil abs fabs round",
    "cstdlib": "atoi abort malloc free",
    "cstring": "strlen memcpy strcmp",
    "format": "format",
    "functional": "function",
    "iostream": "cout cerr cin endl",
    "map": "map multimap",
    "memory": "unique_ptr shared_ptr make_unique make_shared",
    "numeric": "accumulate iota gcd",
    "queue": "queue priority_queue",
    "random": "mt19937 uniform_int_distribution random_device",
    "set": "set multiset",
    "sstream": "stringstream ostringstream istringstream",
    "string": "string to_string stoi stod",
    "unordered_map": "unordered_map",
    "unordered_set": "unordered_set",
    "vector": "vector",
}


def _by_name(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: header for header, names in headers.items() for name in names.split()}


_C_NAMES: Final = _by_name(_C)
_CPP_NAMES: Final = _by_name(_CPP)


def advice(kind: Kind, name: str) -> str:
    """What to write so that a name that is not declared is; empty when that is not known."""
    if kind is ZIG:
        return ""
    ours = _ours()
    if name in ours or name in ("spin", "spin_request", "spin_response", "spin_store", "spin_outgoing", "spin_bytes"):
        return f'write #include "{"spin.hpp" if kind is CPP else "spin.h"}" at the top'
    header = (_CPP_NAMES.get(name) if kind is CPP else None) or _C_NAMES.get(name)
    if header is not None:
        return f"write #include <{header}> at the top"
    close = difflib.get_close_matches(name, ours, n=1, cutoff=0.8) if name.startswith("spin_") else []
    return f"did you mean {close[0]}?" if close else ""


@cache
def _ours() -> frozenset[str]:
    """The functions of spin.h."""
    return frozenset(_DECLARED.findall(parts.file("spin.h").decode()))
