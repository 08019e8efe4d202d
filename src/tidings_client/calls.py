"""One description of each call, from which both the blocking and the awaiting method are made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

from pydantic import BaseModel, ConfigDict, TypeAdapter

if TYPE_CHECKING:
    from tidings_client.transport import AwaitingTransport, BlockingTransport

T = TypeVar("T")
P = ParamSpec("P")
Mode = TypeVar("Mode")


class Blocking:
    """Marks a resource whose methods return the answer."""


class Awaiting:
    """Marks a resource whose methods return an awaitable of the answer."""


class Model(BaseModel):
    """Base of the answers. Fields a newer server adds are let through, so that old clients go on working."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Page(Model, Generic[T]):
    """One page of a list; `next` goes into `after` for the following one and is empty on the last."""

    items: list[T]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """What is sent and what comes back. `answer` is the type of the answer; None where it has no body.

    `seconds` is how long the answer may take where that is longer than usual.
    """

    method: str
    path: str
    answer: Any = None
    query: Mapping[str, Any] = field(default_factory=dict[str, Any])
    body: Any = None
    content: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    seconds: float | None = None

    def read(self, body: Any) -> T:
        """The typed answer. Raises pydantic's ValidationError if the server answers something else."""
        if self.answer is None:
            return cast("T", None)
        return cast("T", TypeAdapter(self.answer).validate_python(body))


class Resource(Generic[Mode]):
    """The calls of one noun, over one transport."""

    def __init__(self, transport: BlockingTransport | AwaitingTransport) -> None:
        self.transport: Any = transport


class Endpoint(Generic[P, T]):
    """A method that describes a call; reached through a client, it makes the call."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self.describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, resource: Resource[Blocking], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: Resource[Awaiting], owner: type) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, resource: None, owner: type) -> Endpoint[P, T]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type) -> Any:
        """The bound method: it returns the answer, or an awaitable of it."""
        if resource is None:
            return self

        def make(*args: P.args, **kwargs: P.kwargs) -> Any:
            return resource.transport.run(self.describe(resource, *args, **kwargs))

        make.__doc__ = self.__doc__
        make.__name__ = self.describe.__name__
        return make


class Pages(Generic[P, T]):
    """A method that walks every page of a list and yields its items."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[Page[T]]]) -> None:
        self.describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, resource: Resource[Blocking], owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, resource: Resource[Awaiting], owner: type) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(self, resource: None, owner: type) -> Pages[P, T]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type) -> Any:
        """The bound method: it returns an iterator, or an asynchronous one."""
        if resource is None:
            return self

        def make(*args: P.args, **kwargs: P.kwargs) -> Any:
            return resource.transport.pages(self.describe(resource, *args, **kwargs))

        make.__doc__ = self.__doc__
        make.__name__ = self.describe.__name__
        return make


class Stream(Generic[P, T]):
    """A method that follows a live feed of server-sent events and yields each as it happens."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self.describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, resource: Resource[Blocking], owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, resource: Resource[Awaiting], owner: type) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(self, resource: None, owner: type) -> Stream[P, T]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type) -> Any:
        """The bound method: it returns an iterator, or an asynchronous one, that ends with the connection."""
        if resource is None:
            return self

        def make(*args: P.args, **kwargs: P.kwargs) -> Any:
            return resource.transport.follow(self.describe(resource, *args, **kwargs))

        make.__doc__ = self.__doc__
        make.__name__ = self.describe.__name__
        return make


def given(**values: Any) -> dict[str, Any]:
    """The values that are not None: what is left out is not sent."""
    return {name: value for name, value in values.items() if value is not None}
