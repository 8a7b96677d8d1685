"""Which fetcher the settings ask for."""

from __future__ import annotations

import ipaddress
from importlib import import_module

from streams.errors import ConfigurationError
from streams.images.fetch import Fetcher, FolderFetcher, Limits, NotFetched, WebFetcher
from streams.settings import Settings


class _ByForm:
    """Sends addresses to the web and ids to wherever ids are kept."""

    def __init__(self, web: Fetcher | None, ids: Fetcher | None) -> None:
        self._web, self._ids = web, ids

    def fetch(self, reference: str) -> bytes:
        """The bytes of an image. Raises `NotFetched`."""
        fetcher = self._web if "://" in reference else self._ids
        if fetcher is None:
            raise NotFetched("no source is set for such references")
        return fetcher.fetch(reference)


def open_fetcher(settings: Settings) -> Fetcher:
    """The fetcher of the settings. Raises `ConfigurationError` where there is none."""
    if settings.image_fetcher:
        return _imported(settings)
    limits = Limits(
        settings.image_max_bytes, settings.image_fetch_timeout_s, settings.image_redirects
    )
    web = folder = None
    if hosts := settings.image_host_names():
        networks = [ipaddress.ip_network(text) for text in settings.image_network_names()]
        web = WebFetcher(
            hosts,
            networks=networks,
            http=settings.image_http,
            template=settings.image_url,
            limits=limits,
        )
    if settings.image_dir is not None:
        folder = FolderFetcher(settings.image_dir, max_bytes=limits.max_bytes)
    if web is None and folder is None:
        raise ConfigurationError(
            "nothing says where images may be fetched from: set ZHENGMING_IMAGE_HOSTS to the hosts "
            "that serve them, or ZHENGMING_IMAGE_DIR to the folder that holds them"
        )
    return _ByForm(web, folder or (web if settings.image_url else None))


def _imported(settings: Settings) -> Fetcher:
    """The operator's own: ``module:function`` is called with the settings and gives a fetcher."""
    module, _, name = settings.image_fetcher.partition(":")
    try:
        fetcher: Fetcher = getattr(import_module(module), name)(settings)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"ZHENGMING_IMAGE_FETCHER cannot be loaded: {error}") from error
    return fetcher
