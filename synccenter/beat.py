"""The scheduler of Celery beat: it keeps schedules that were changed in the admin, and lets no messages pile up."""

from datetime import timedelta
from typing import Any

from celery.schedules import schedule as interval
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from common import health
from hub import messages

# A task that runs more often than this only looks for work. The next message makes up for one that is not sent.
_FREQUENT = timedelta(minutes=5)
# Some task is due every few seconds.
_MAX_SILENCE = timedelta(minutes=2)
_DEFAULT = "Default schedule: "


class Entry(ModelEntry):
    """A periodic task of the settings. Its row's description holds the default, to tell whether somebody changed it."""

    @classmethod
    def from_entry(cls, name: str, app: Any = None, **entry: Any) -> "Entry":
        """The row, updated from the settings unless its schedule was changed in the admin."""
        row = PeriodicTask.objects.filter(name=name).first()
        fields = cls._unpack_fields(**entry)
        if row is not None and row.description.startswith(_DEFAULT) and row.description != _describe(row.schedule):
            schedules = {field for _, _, field in cls.model_schedules}
            fields = {field: value for field, value in fields.items() if field not in schedules}
        else:
            fields["description"] = _describe(entry["schedule"])
        row, _ = PeriodicTask.objects.update_or_create(name=name, defaults=fields)
        return cls(row, app=app)


class Scheduler(DatabaseScheduler):
    Entry = Entry

    def install_default_entries(self, data: Any) -> None:
        """None: Celery's own entry cleans up results, and there are none."""

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **options: Any) -> Any:
        """Send the entry's message, unless it is one of a frequent task and its queue is full. Without a worker, the
        messages of an hour would otherwise delay the work of the first one."""
        health.report("beat", within=_MAX_SILENCE)
        if _is_frequent(entry) and messages.is_full((producer or self.producer).channel, self._queue_of(entry)):
            if advance:
                self.reserve(entry)
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **options)

    def _queue_of(self, entry: Any) -> str:
        route = self.app.amqp.router.route(dict(entry.options), entry.task)
        return str(route["queue"].name)


def _is_frequent(entry: Any) -> bool:
    return type(entry.schedule) is interval and entry.schedule.run_every < _FREQUENT


def _describe(schedule: Any) -> str:
    """The schedule as text, the same for one of the settings and one from a row."""
    kind, _ = ModelEntry.to_model_schedule(schedule)
    return f"{_DEFAULT}{kind}"[:200]
