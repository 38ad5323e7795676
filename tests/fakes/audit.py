"""Entries for the audit log, where a test is not about them."""

from securevision.domain.audit import AuditAction, AuditDraft


def enrolled(person_id: int, name: str, count: int) -> AuditDraft:
    target, details = f"person:{person_id}", {"photos": str(count)}
    return AuditDraft(AuditAction.PERSON_ENROLLED, "cli", target=target, target_name=name, details=details)


def removed(person_id: int) -> AuditDraft:
    return AuditDraft(AuditAction.PERSON_REMOVED, "cli", target=f"person:{person_id}")
