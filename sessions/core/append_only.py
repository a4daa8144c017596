"""Tables whose rows are written once. The database itself refuses to change or delete them.

A model derives from `AppendOnlyModel`; its migration, after CreateModel, lists `AppendOnly("its_table")`.
On SQLite a later migration that alters such a table makes it anew and loses the triggers: repeat the
operation there. tests/service/test_append_only.py finds the table that was forgotten.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

MESSAGE = "append-only"


class AppendOnlyModel(models.Model):
    """A fact. Corrections are new rows with an author and a reason."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Only ever an INSERT; raises IntegrityError for a row that exists."""
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)


class AppendOnly(Operation):
    """Triggers that answer UPDATE, DELETE, TRUNCATE and REPLACE on `table` with an IntegrityError."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, table: str) -> None:
        self.table = table

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__qualname__, [self.table], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Triggers are no part of the models' state."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        install(schema_editor, self.table)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        remove(schema_editor, self.table)

    def describe(self) -> str:
        return f"Make {self.table} append-only"

    @property
    def migration_name_fragment(self) -> str:
        return f"append_only_{self.table}"


def install(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
    """Put the triggers on `table`. Safe to repeat. Raises NotImplementedError on other databases."""
    for statement in _statements(schema_editor.connection.vendor, table):
        schema_editor.execute(statement, params=None)


def remove(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
    """Take the triggers off `table`: for migrating backwards, and between tests that really commit."""
    if schema_editor.connection.vendor == "sqlite":
        for name in ("update", "delete", "replace"):
            schema_editor.execute(f'DROP TRIGGER IF EXISTS "{table}_no_{name}"', params=None)
    else:
        for name in ("change", "truncate"):
            schema_editor.execute(f'DROP TRIGGER IF EXISTS "{table}_no_{name}" ON "{table}"', params=None)
        schema_editor.execute(f'DROP FUNCTION IF EXISTS "{table}_append_only"()', params=None)


def _statements(vendor: str, table: str) -> list[str]:
    refuse = f"{table} is {MESSAGE}"
    if vendor == "sqlite":
        raised = f"BEGIN SELECT RAISE(ABORT, '{refuse}'); END"
        # INSERT OR REPLACE deletes without firing delete triggers (sqlite.org/lang_conflict.html).
        exists = f'EXISTS (SELECT 1 FROM "{table}" WHERE id = NEW.id)'  # noqa: S608 - names from migrations
        create = f'CREATE TRIGGER IF NOT EXISTS "{table}_no'
        return [
            f'{create}_update" BEFORE UPDATE ON "{table}" {raised}',
            f'{create}_delete" BEFORE DELETE ON "{table}" {raised}',
            f'{create}_replace" BEFORE INSERT ON "{table}" WHEN {exists} {raised}',
        ]
    if vendor == "postgresql":
        raised = f"RAISE EXCEPTION '{refuse}' USING ERRCODE = 'integrity_constraint_violation'"
        body = f"$$BEGIN {raised}; END$$"
        function = f'"{table}_append_only"()'
        create = f'CREATE OR REPLACE TRIGGER "{table}_no'
        return [
            f"CREATE OR REPLACE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS {body}",
            f'{create}_change" BEFORE UPDATE OR DELETE ON "{table}" FOR EACH ROW EXECUTE FUNCTION {function}',
            f'{create}_truncate" BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION {function}',
        ]
    raise NotImplementedError(f"append-only tables on {vendor}")
