"""The types of which all JSON that is written is made: bytes are integers, times RFC 3339."""

from typing import Annotated, Literal

from msgspec import Meta

SCHEMA: Literal[1] = 1

Size = Annotated[int, Meta(ge=0, description="bytes")]
Count = Annotated[int, Meta(ge=0)]
Some = Annotated[int, Meta(ge=1)]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Code = Annotated[str, Meta(pattern="^VMS-[A-Z][0-9]{2}$")]
Seconds = Annotated[float, Meta(ge=0)]
Holder = Annotated[str, Meta(description='nodes with "," between; "?" where one that may hold it does not answer')]
