"""Kaggle: kagglehub logs in and asks where a data set lies; its bytes then come like those of any mirror.

kagglehub's own download has no lock between processes, checks no sha256 and unpacks unasked, which is
why only its login and its client of Kaggle's interface are used.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from mcbench.downloads.transfer import Address
from mcbench.downloads.trouble import PackageMissingError, PassingError, RefusedError

_INSTALL_HINT = 'run: pip install "mcbench[kaggle]"'
_LOGIN_HINT = "is there a token of your Kaggle account in ~/.kaggle/access_token or KAGGLE_API_TOKEN?"


def locate(mirror: str, name: str) -> Address:
    """Return the address of `kaggle:OWNER/DATASET` (a zip of all) or `kaggle:OWNER/DATASET/FILE`.

    Args:
        mirror: see above.
        name: the name that the file will have here; where Kaggle packs a single file, it has to end in
            `.zip` as what comes is a zip.

    Raises:
        PackageMissingError: kagglehub is not installed.
        PassingError, RefusedError: Kaggle did not answer, or does not give it.
    """
    try:
        import requests
        from kagglehub.config import get_kaggle_credentials
        from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest
        from kagglesdk.kaggle_client import KaggleClient
    except ImportError as error:
        raise PackageMissingError(
            f"{mirror} needs the package kagglehub, which is not installed", _INSTALL_HINT
        ) from error
    owner, dataset, *path = mirror.partition(":")[2].split("/", 2)
    request = ApiDownloadDatasetRequest()
    request.owner_slug = owner
    request.dataset_slug = dataset
    if path:
        request.file_name = path[0]
    try:
        login = get_kaggle_credentials()
        client = KaggleClient(
            username=login.username if login else None,
            password=login.key if login else None,
            api_token=login.api_key if login else None,
            user_agent="mcbench",
        )
        with client, client.datasets.dataset_api_client.download_dataset(request) as answer:
            return _address(mirror, name, bool(path), answer)
    except requests.HTTPError as error:
        if error.response is not None:
            error.response.close()
        raise _refusal(error.response, str(error)) from error
    except requests.RequestException as error:
        raise PassingError(f"Kaggle did not answer: {type(error).__name__}") from error
    except ValueError as error:  # kagglehub's complaint about ~/.kaggle/kaggle.json
        raise RefusedError(f"Kaggle's login: {error}") from error


def _address(mirror: str, name: str, single: bool, answer: Any) -> Address:
    if not answer.history:
        raise RefusedError("Kaggle did not say where the file lies")
    file = unquote(urlsplit(answer.url).path).rpartition("/")[2]
    if single and file.endswith(".zip") and not name.endswith(".zip"):
        raise RefusedError(f"Kaggle packs this file as {file}: its name has to end in .zip, to be unpacked")
    return Address(mirror, answer.url)


def _refusal(answer: Any, told: str) -> Exception:
    code = 0 if answer is None else answer.status_code
    if code == 429 or code >= 500:
        return PassingError(f"Kaggle answered {code}")
    if code in (401, 403):
        return RefusedError(f"Kaggle answered {code}: {_LOGIN_HINT}")
    if code == 404:
        return RefusedError("Kaggle has no such data set or file", gone=True)
    return RefusedError(f"Kaggle answered {code or 'nothing to be understood'}: {told}")
