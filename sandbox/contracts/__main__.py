"""Command line: `python -m sandbox.contracts` writes `docs/contracts.md`."""

from sandbox.contracts.page import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page())
    print(f"Wrote {PAGE}")
