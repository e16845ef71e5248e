"""Time zones from memory, since the image has no files: `zoneinfo` finds them without a package or a database."""

import io
import os
import zoneinfo

__spinlab__ = True

_zones = {}


def gather(folder):
    """Read the zones of the package `tzdata` in `folder`, and give them to `zoneinfo`."""
    root = os.path.join(folder, "tzdata", "zoneinfo")
    seen = {}
    with open(os.path.join(root, "..", "zones")) as listed:
        names = listed.read().split()
    for name in names:
        with open(os.path.join(root, name), "rb") as file:
            data = file.read()
        _zones[name] = seen.setdefault(data, data)
    zoneinfo._common.load_tzdata = _load
    zoneinfo.available_timezones = _available
    zoneinfo.reset_tzpath(())


def _load(key):
    try:
        return io.BytesIO(_zones[key])
    except KeyError:
        raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}") from None


def _available():
    """Return the names of all time zones."""
    return set(_zones)
