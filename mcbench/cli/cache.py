"""`mcbench cache`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcbench.cli import console

app = typer.Typer(
    help="What scoring keeps, so that nothing is computed twice: features, values, digests.",
    no_args_is_help=True,
)


@app.command()
def status(home: console.HomeOption = None, as_json: console.JsonOption = False) -> None:
    """Show where the cache lies, how much it holds and its limit."""
    from mcbench.scoring.cache import ScoreCache, cache_folder, limit_from_environment

    usage, limit = ScoreCache(cache_folder(home)).usage(), limit_from_environment()
    if as_json:
        console.emit_json(
            {"folder": str(usage.folder), "entries": usage.entries, "bytes": usage.n_bytes, "limit": limit}
        )
        return
    console.emit(f"{usage.folder}: {usage.entries:,} entries, {_gigabytes(usage.n_bytes)}")
    console.emit(f"limit {_gigabytes(limit)} (MCBENCH_CACHE_LIMIT); the entries used longest ago go first")


@app.command()
def prune(
    limit: Annotated[
        str | None, typer.Option("--limit", help="Size to keep, such as 2GB (default: the cache's limit).")
    ] = None,
    home: console.HomeOption = None,
) -> None:
    """Remove the entries that were used longest ago until the rest fits.

    Example: mcbench cache prune --limit 2GB
    """
    from mcbench import files
    from mcbench.scoring.cache import ScoreCache, cache_folder, limit_from_environment

    cache = ScoreCache(cache_folder(home))
    removed = cache.prune(files.parse_size(limit) if limit else limit_from_environment())
    console.emit(f"removed {removed:,} entries; {_gigabytes(cache.usage().n_bytes)} are left")


@app.command()
def clear(home: console.HomeOption = None) -> None:
    """Remove every entry. Nothing is lost but time: the next score computes what it needs."""
    from mcbench.scoring.cache import ScoreCache, cache_folder

    removed = ScoreCache(cache_folder(home)).prune(-1)
    console.emit(f"removed {removed:,} entries")


def _gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e7 else f"{n_bytes / 1e3:.0f} kB"
