"""The audit log, for auditors and administrators."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from securevision.api.access_schemas import AuditEntryBody, AuditPageBody, AuditParameters
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.services import ApiServices
from securevision.domain.audit import AuditAction, AuditDraft

Parameters = Annotated[AuditParameters, Query()]


class AuditRoutes:
    """Handlers that wait for the store; the framework runs them on its threads."""

    def __init__(self, services: ApiServices) -> None:
        self._access = services.access

    def page(self, parameters: Parameters, principal: KnownPrincipal, network: Network) -> AuditPageBody:
        """Return entries, newest first."""
        draft = AuditDraft(
            AuditAction.AUDIT_VIEWED, principal.actor, actor_name=principal.name, network=network
        )
        self._access.audit.record_repeating(draft)
        page = self._access.audit_log.page(parameters.before, parameters.limit)
        last = page.records[-1].seq if page.records else 0
        return AuditPageBody(
            size=page.size,
            entries=[
                AuditEntryBody(
                    seq=record.seq,
                    ts_ms=record.ts_ms,
                    action=record.action,
                    outcome=record.outcome,
                    actor=record.actor,
                    target=record.target,
                    details=dict(record.details),
                    personal=dict(record.personal),
                )
                for record in page.records
            ],
            next_before=last or None,
        )

    def export(self, principal: KnownPrincipal, network: Network) -> StreamingResponse:
        """Return the whole log with a signed checkpoint; `securevision audit verify` checks it anywhere."""
        draft = AuditDraft(
            AuditAction.AUDIT_EXPORTED, principal.actor, actor_name=principal.name, network=network
        )
        self._access.audit.record(draft)
        return StreamingResponse(
            self._access.audit_log.export(),
            media_type="application/jsonl",
            headers={"Content-Disposition": 'attachment; filename="securevision-audit.jsonl"'},
        )
