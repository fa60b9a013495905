"""Ask for known weaknesses of what is installed; say so, and go on, where no service can be asked."""

from __future__ import annotations

import json
import subprocess
import sys

UNREACHABLE = ("ConnectionError", "Connection refused", "NameResolution", "ServiceError", "Max retries", "timed out",
               "Not Found", "HTTPError")  # fmt: skip


def main() -> int:
    """Run pip-audit; 1 where it names a weakness."""
    asked = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off", "--skip-editable", "--local"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        print("audit: skipped, the advisory service does not answer")
        return 0
    try:
        found = [one for one in json.loads(done.stdout)["dependencies"] if one.get("vulns")]
    except (ValueError, KeyError):
        reason = next((one for one in UNREACHABLE if one in done.stderr), None)
        if reason is None:
            print(done.stderr, file=sys.stderr)
            return 1
        print(f"audit: skipped, no advisory service can be asked ({reason})")
        return 0
    for one in found:
        print(f"audit: {one['name']} {one['version']}: {', '.join(each['id'] for each in one['vulns'])}")
    if not found:
        print("audit: nothing known")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
