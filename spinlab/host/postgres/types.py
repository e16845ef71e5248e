"""PostgreSQL's types by number, and which of a guest's cases (``spin:postgres``) may be given for which."""

from __future__ import annotations

CHAR, NAME, INT8, INT2, INT4, TEXT, OID, JSON = 18, 19, 20, 21, 23, 25, 26, 114
UNKNOWN, BPCHAR, VARCHAR, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL = 705, 1042, 1043, 1082, 1083, 1114, 1184, 1186
BOOL, BYTEA, FLOAT4, FLOAT8, NUMERIC, UUID_, JSONB = 16, 17, 700, 701, 1700, 2950, 3802
INT4_ARRAY, TEXT_ARRAY, BPCHAR_ARRAY, VARCHAR_ARRAY, INT8_ARRAY, NUMERIC_ARRAY = 1007, 1009, 1014, 1015, 1016, 1231
NAME_ARRAY, INT4_RANGE, NUM_RANGE, INT8_RANGE = 1003, 3904, 3906, 3926

TAKES: dict[str, tuple[int, ...]] = {
    "boolean": (BOOL,),
    "int8": (CHAR,),
    "int16": (INT2,),
    "int32": (INT4,),
    "int64": (INT8,),
    "floating32": (FLOAT4,),
    "floating64": (FLOAT8,),
    "str": (TEXT, VARCHAR, BPCHAR, NAME, UNKNOWN),
    "binary": (BYTEA,),
    "date": (DATE,),
    "time": (TIME,),
    "datetime": (TIMESTAMP,),
    "timestamp": (TIMESTAMPTZ,),
    "uuid": (UUID_,),
    "jsonb": (JSONB, JSON),
    "decimal": (NUMERIC,),
    "range-int32": (INT4_RANGE,),
    "range-int64": (INT8_RANGE,),
    "range-decimal": (NUM_RANGE,),
    "array-int32": (INT4_ARRAY,),
    "array-int64": (INT8_ARRAY,),
    "array-decimal": (NUMERIC_ARRAY,),
    "array-str": (TEXT_ARRAY, VARCHAR_ARRAY, BPCHAR_ARRAY, NAME_ARRAY),
    "interval": (INTERVAL,),
}
"""Case of a parameter -> the types that it may be given for."""

TAKES_NAMED = {"str": ("citext", "ltree", "lquery", "ltxtquery")}
"""The same for types of extensions, whose numbers differ from server to server."""

MEMBERS = {INT4_ARRAY: INT4, INT8_ARRAY: INT8, NUMERIC_ARRAY: NUMERIC, NAME_ARRAY: NAME}
MEMBERS.update({TEXT_ARRAY: TEXT, VARCHAR_ARRAY: VARCHAR, BPCHAR_ARRAY: BPCHAR})
"""Array -> what it is an array of."""

EMPTY, LOWER_IN, UPPER_IN, LOWER_OPEN, UPPER_OPEN = 1, 2, 4, 8, 16
"""What the first byte of a range says."""


class Unfit(ValueError):
    """A value that is none of its type. The message may be shown to the guest."""
