"""Akten as JSON: one of a list, and everything known of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from app.akte_show import attachments_of, left_out, received_days
from app.correction_show import correction_json, corrections_of, titles_of
from app.lock_show import LockView
from archive.reconcile import lacking
from catalog.values import AkteDetails, AkteRow


def row_json(row: AkteRow) -> dict[str, Any]:
    """One Akte of a list."""
    return {
        "aktenzeichen": row.aktenzeichen,
        "former_numbers": list(row.former),
        "schreibweise": row.schreibweise,
        "uuid": str(row.uuid),
        "aktenart": row.aktenart,
        "band": row.band,
        "betreff": row.betreff,
        "state": row.state,
        "versions": list(row.versions),
        "pages": row.pages,
        "federfuehrung": row.federfuehrung,
        "aktenplaneinheit": row.aktenplaneinheit,
        "laufzeit": [_iso(row.laufzeit_von), _iso(row.laufzeit_bis)],
        "zda_datum": _iso(row.zda_datum),
        "record_class": row.record_class,
        "retention_ends": _iso(row.retention_ends),
    }


def _iso(value: date | datetime | None) -> str | None:
    return value.isoformat() if value else None


def details_json(
    details: AkteDetails, holds: Sequence[dict[str, Any]], locks: LockView, stores: Sequence[str]
) -> dict[str, Any]:
    """Everything known of one Akte; `stores` are the configured ones, in each of which a copy should lie."""
    corrections = corrections_of(details.deliveries)
    titles = titles_of(details.akte, details.dokumente)
    return {
        **row_json(details.row),
        "record_class": next(iter(details.record_classes), ""),
        "record_classes": list(details.record_classes),
        "holds": list(holds),
        "vorgaenge": _vorgaenge_json(details),
        "felder": dict(details.akte.felder) if details.akte else {},
        "pages_left_out": left_out(details),
        "documents": _documents_json(details),
        "packages": [
            {
                "version": p.package.id.version,
                "bytes": p.size,
                "stored_at": p.stored_at.isoformat(),
                "commit_sha256": p.package.commit_sha256,
                "copies": [
                    {
                        "store": c.store,
                        "version_id": c.bag_version_id,
                        "verified_at": c.verified_at.isoformat(),
                        "retain_until": _iso(c.retain_until),
                        "legal_hold": c.legal_hold,
                        "checked_at": _iso(c.checked_at),
                        "verdict": c.verdict.value,
                        "findings": locks.findings(p.package.id.version, c.store),
                        "set_aside": list(stored.set_aside),
                    }
                    for c, stored in zip(p.copies, p.package.copies, strict=True)
                ],
                "lacking": list(lacking(p.package, stores)),
                "correction": correction_json(corrections.get(p.package.id.version), titles),
            }
            for p in details.packages
        ],
        "deliveries": [
            {"uuid": str(d.uuid), "stage": d.stage.value, "received_at": d.received_at.isoformat()}
            for d in details.deliveries
        ],
        "lock": locks.as_json(),
        "clearing": [case.number for case in details.clearing],
        "reviews": [review.number for review in details.reviews],
    }


def _vorgaenge_json(details: AkteDetails) -> list[dict[str, Any]]:
    """Every Vorgang of the newest version, in the order in which their numbers count."""
    return [
        {
            "uuid": str(v.uuid),
            "betreff": v.betreff,
            "zeichen": v.zeichen,
            "typ": v.typ,
            "laufzeit": [
                v.laufzeit.beginn and v.laufzeit.beginn.isoformat(),
                v.laufzeit.ende and v.laufzeit.ende.isoformat(),
            ],
            "dokumente": [str(d.uuid) for d in v.dokumente],
        }
        for v in (details.akte.vorgaenge if details.akte else ())
    ]


def _documents_json(details: AkteDetails) -> list[dict[str, Any]]:
    """Every Dokument, those that only earlier versions hold as well."""
    received = received_days(details)
    attachments = attachments_of(details)
    return [
        {
            "uuid": str(d.uuid),
            "betreff": d.betreff,
            "typ": d.typ,
            "datum": d.datum and d.datum.isoformat(),
            "posteingang": (day := received.get(d.uuid)) and day.isoformat(),
            "version": d.version,
            "replaces": [{"dokument": str(old.dokument), "version": old.version} for old in d.replaces],
            "replaced_by": str(d.replaced_by) if d.replaced_by else None,
            "attachments": [
                {"name": a.betreff, "mime": a.datei.mime, "bytes": a.datei.digests.size, "file": str(a.datei.uuid)}
                for a in attachments.get(d.uuid, ())
            ],
            "pages": d.pages,
            "pdfa": d.flavour,
            "file": str(d.pdfa) if d.pdfa else None,
            "verdict": d.verdict.value,
            "mean_confidence": None if d.mean_confidence is None else round(d.mean_confidence, 1),
            "validators": [{"name": r.name, "version": r.version, "verdict": r.verdict.value} for r in d.reports],
        }
        for d in details.dokumente
    ]
