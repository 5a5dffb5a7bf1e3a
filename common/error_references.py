"""A short reference of an unexpected error: people read it, and the log has it beside the traceback."""

from hashlib import blake2b


def error_reference(error: BaseException) -> str:
    """8 hexadecimal digits for the error's class and the line that raised it, so the same fault has the same one.

    Nothing of the error's text, which may contain personal data.
    """
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
    return blake2b(f"{type(error).__qualname__} {where}".encode(), digest_size=4).hexdigest().upper()
