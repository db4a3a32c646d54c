"""The exceptions of fetching, reading and searching: each message is a sentence for the model and its user."""

from model.errors import AppError


class WebFailed(AppError):
    """A page or a search could not be had. The message holds none of the words of a server."""


class AddressRefused(WebFailed):
    """An address that is not fetched, whoever asks: not http, or not of the public internet."""


class Stopped(WebFailed):
    """The run was stopped."""
