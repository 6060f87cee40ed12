"""One table from what boto3 raises to our own errors; what it does not name is a bug and travels up unwrapped.

Sources: S3 API reference "Error responses", botocore.exceptions (every class is listed, a test holds the list against
the installed version), and what SeaweedFS, Ceph RGW and StorageGRID were seen to answer (shared/design/s3.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import botocore.exceptions as boto
import urllib3.exceptions as net
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from akten.diskwords import no_room
from akten.errors import ArchivError, FixityError, Forbidden, Misconfigured, Unavailable
from akten.localtime import BERLIN
from archive.store import Absent


class Taken(Forbidden):
    """The condition of a conditional write did not hold (412): something lies at the key already."""


class Raced(Unavailable):
    """Two writers met at one key (409); the same write may be tried again."""


class Full(Unavailable):
    """The store has no room left. Somebody must make some, and then the same call goes on."""


class Unset(Absent):
    """A lock, rule or policy that was never set on something that is there."""


class WebPage(ResponseParserError):
    """What was answered is a page for people, from something that stands before the store or in its place."""


# Error code of the S3 answer → what it means to us. HEAD answers carry no code, only the HTTP status as text.
CODES: dict[str, type[ArchivError]] = {
    # not there
    "404": Absent, "NotFound": Absent, "NoSuchKey": Absent, "NoSuchVersion": Absent, "NoSuchUpload": Absent,
    "405": Absent, "MethodNotAllowed": Absent,  # GET of a delete marker by its version
    # there, but never set
    "NoSuchObjectLockConfiguration": Unset, "NoSuchObjectLegalHold": Unset, "NoSuchLifecycleConfiguration": Unset,
    "ObjectLockConfigurationNotFoundError": Unset, "NoSuchBucketPolicy": Unset, "NoSuchTagSet": Unset,
    # something lies there already, or two writers met
    "PreconditionFailed": Taken, "412": Taken,
    "ConditionalRequestConflict": Raced, "OperationAborted": Raced, "409": Raced,
    # refused by lock or rights
    "AccessDenied": Forbidden, "403": Forbidden, "Forbidden": Forbidden, "AllAccessDisabled": Forbidden,
    "ObjectLocked": Forbidden, "InvalidObjectState": Forbidden, "UnauthorizedAccess": Forbidden,
    # bytes differ from what was announced
    "InvalidRange": FixityError, "416": FixityError, "BadDigest": FixityError,
    "XAmzContentSHA256Mismatch": FixityError, "XAmzContentChecksumMismatch": FixityError,
    "IncompleteBody": Unavailable,
    # the outside is down for now
    "InternalError": Unavailable, "InternalServerError": Unavailable, "500": Unavailable, "502": Unavailable,
    "503": Unavailable, "504": Unavailable, "ServiceUnavailable": Unavailable, "SlowDown": Unavailable,
    "RequestTimeout": Unavailable, "RequestTimeoutException": Unavailable, "Throttling": Unavailable,
    "ThrottlingException": Unavailable, "TooManyRequests": Unavailable, "429": Unavailable, "408": Unavailable,
    "BandwidthLimitExceeded": Unavailable,
    # no room, of the disk or of a quota (MinIO and Ceph have codes of their own)
    "InsufficientStorage": Full, "507": Full, "XMinioStorageFull": Full, "QuotaExceeded": Full,
    # a key, a bucket, the clock or a setting is wrong
    "NoSuchBucket": Misconfigured, "InvalidAccessKeyId": Misconfigured, "SignatureDoesNotMatch": Misconfigured,
    "AuthFailure": Misconfigured, "InvalidToken": Misconfigured, "ExpiredToken": Misconfigured,
    "InvalidClientTokenId": Misconfigured, "RequestTimeTooSkewed": Misconfigured, "RequestExpired": Misconfigured,
    "AuthorizationHeaderMalformed": Misconfigured, "PermanentRedirect": Misconfigured, "301": Misconfigured,
    "TemporaryRedirect": Misconfigured, "307": Misconfigured, "IllegalLocationConstraintException": Misconfigured,
    "InvalidRequest": Misconfigured, "InvalidArgument": Misconfigured, "InvalidBucketName": Misconfigured,
    "InvalidBucketState": Misconfigured, "InvalidDigest": Misconfigured, "InvalidPart": Misconfigured,
    "InvalidPartOrder": Misconfigured, "InvalidVersionId": Absent,
    "InvalidRetentionPeriod": Misconfigured, "InvalidPolicyDocument": Misconfigured, "MalformedPolicy": Misconfigured,
    "MalformedXML": Misconfigured, "MissingContentLength": Misconfigured, "KeyTooLongError": Misconfigured,
    "KeyTooLong": Misconfigured, "EntityTooLarge": Misconfigured, "EntityTooSmall": Misconfigured,
    "MetadataTooLarge": Misconfigured,
    "BucketAlreadyExists": Misconfigured, "BucketAlreadyOwnedByYou": Misconfigured, "BucketNotEmpty": Misconfigured,
    "400": Misconfigured, "401": Misconfigured, "Unauthorized": Misconfigured,
    "NotImplemented": Misconfigured, "501": Misconfigured,
}  # fmt: skip

# Every exception class of botocore; a subclass must be listed itself, so that an upgrade cannot slip one by.
_PASSING = (
    "HTTPClientError", "ConnectionError", "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError",
    "ConnectionClosedError", "IncompleteReadError", "ResponseStreamingError", "ProxyConnectionError",
    "TokenRetrievalError", "EventStreamError", "WaiterError", "CapacityNotAvailableError",
)  # fmt: skip
_WRONG_BYTES = ("ChecksumError", "FlexibleChecksumError", "AwsChunkedWrapperError", "MD5UnavailableError")
_WRONG_SETTING = (
    "AliasConflictParameterError", "ApiVersionNotFoundError", "BaseEndpointResolverError", "BotoCoreError",
    "ClientError", "ConfigNotFound", "ConfigParseError", "CredentialRetrievalError", "DataNotFoundError",
    "EndpointProviderError", "EndpointResolutionError", "EndpointVariantError", "ImminentRemovalWarning",
    "InfiniteLoopConfigError", "InvalidChecksumConfigError", "InvalidConfigError", "InvalidDNSNameError",
    "InvalidDefaultsMode", "InvalidEndpointConfigurationError", "InvalidEndpointDiscoveryConfigurationError",
    "InvalidExpressionError", "InvalidHostLabelError", "InvalidIMDSEndpointError", "InvalidIMDSEndpointModeError",
    "InvalidMaxRetryAttemptsError", "InvalidProxiesConfigError", "InvalidRegionError",
    "InvalidRetryConfigurationError", "InvalidRetryModeError", "InvalidS3AddressingStyleError",
    "InvalidS3UsEast1RegionalEndpointConfigError", "InvalidSTSRegionalEndpointsConfigError", "LoginError",
    "LoginAuthorizationCodeError", "LoginInsufficientPermissions", "LoginRefreshRequired", "LoginTokenLoadError",
    "MetadataRetrievalError", "MissingDependencyException", "MissingParametersError", "MissingServiceIdError",
    "NoAuthTokenError", "NoCredentialsError", "NoRegionError", "OperationNotPageableError", "PaginationError",
    "ParamValidationError", "PartialCredentialsError", "ProfileNotFound", "RangeError",
    "RefreshWithMFAUnsupportedError", "SSLError", "SSOError", "SSOTokenLoadError", "ServiceNotInRegionError",
    "StubAssertionError", "StubResponseError", "UnStubbedResponseError", "UnauthorizedSSOTokenError",
    "UndefinedModelAttributeError", "UnknownClientMethodError", "UnknownCredentialError", "UnknownEndpointError",
    "UnknownEndpointResolutionBuiltInName", "UnknownFIPSEndpointError", "UnknownKeyError", "UnknownParameterError",
    "UnknownRegionError", "UnknownServiceError", "UnknownServiceStyle", "UnknownSignatureVersionError",
    "UnknownTokenProviderError", "UnseekableStreamError", "WaiterConfigError", "UnsupportedOutpostResourceError",
    "UnsupportedS3AccesspointConfigurationError", "UnsupportedS3ArnError", "UnsupportedS3ConfigurationError",
    "UnsupportedS3ControlArnError", "UnsupportedS3ControlConfigurationError", "UnsupportedServiceProtocolsError",
    "UnsupportedSignatureVersionError", "UnsupportedTLSVersionWarning", "ValidationError",
)  # fmt: skip
CLASSES: dict[str, type[ArchivError]] = (
    dict.fromkeys(_PASSING, Unavailable)
    | dict.fromkeys(_WRONG_BYTES, FixityError)
    | dict.fromkeys(_WRONG_SETTING, Misconfigured)
)

# A full disk that a server tells as "internal error" and in words alone.
_FULL_WORDS = re.compile(
    r"no space left|no free volumes?|disk (?:is )?full|storage (?:is )?full|insufficient (?:storage|space)"
    r"|not enough (?:disk )?space|quota exceeded|\bENOSPC\b",
    re.IGNORECASE,
)
_SENTENCES: dict[type[ArchivError], str] = {
    Absent: "Speicher „{store}“: {what} – das gibt es dort nicht",
    Forbidden: "Speicher „{store}“: {what} wurde verweigert (Sperre oder fehlendes Recht)",
    FixityError: "Speicher „{store}“: {what} – die Bytes stimmen nicht mit der Prüfsumme überein",
    Full: "Speicher „{store}“ hat keinen Platz mehr ({what}): Datenträger oder Kontingent ist voll. Dort Platz "
    "schaffen; derselbe Befehl setzt danach fort",
    Unavailable: "Speicher „{store}“ ist zurzeit nicht erreichbar ({what})",
    Misconfigured: "Speicher „{store}“: {what} – Endpunkt, Bucket, Schlüssel oder Einstellung stimmt nicht",
}

# What a code says more exactly than its sentence: the person must know where to look.
_CAUSES = {
    "RequestTimeTooSkewed": "die Uhr dieses Rechners oder die des Speichers geht falsch; bitte die Zeit stellen",
    "RequestExpired": "die Uhr dieses Rechners oder die des Speichers geht falsch; bitte die Zeit stellen",
    "InvalidAccessKeyId": "den Zugangsschlüssel kennt der Speicher nicht",
    "SignatureDoesNotMatch": "der geheime Schlüssel passt nicht zum Zugangsschlüssel",
    "ExpiredToken": "der Zugangsschlüssel ist abgelaufen",
    "NoSuchBucket": "den Bucket gibt es dort nicht",
    **dict.fromkeys(
        ("InternalError", "InternalServerError", "500"),
        "er antwortet, aber mit einem eigenen Fehler (Datenträger voll oder gestört?); dort nachsehen",
    ),
    "WebPage": "dort antwortet eine Webseite (Anmeldung, Wartung, falsche Adresse?) und kein S3-Speicher",
    **dict.fromkeys(
        ("301", "302", "303", "307", "308", "PermanentRedirect", "TemporaryRedirect"),
        "die Adresse verweist auf eine andere; in „endpoint“ des Speichers (ARCHIV_STORES) gehört die endgültige, in "
        "„region“ die Region des Buckets",
    ),
}


def _is_untrusted(error: Exception) -> bool:
    return isinstance(error, boto.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)


def meaning(error: BaseException) -> type[ArchivError] | None:
    """What an exception of boto3 or of the network below it means to us; None for everything else (a bug)."""
    if isinstance(error, ClientError):
        answer = error.response
        code = str(answer.get("Error", {}).get("Code", ""))
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        kind = CODES.get(code) or CODES.get(str(status)) or (Unavailable if status >= 500 else Misconfigured)
        words = str(answer.get("Error", {}).get("Message", ""))
        return Full if kind is Unavailable and _FULL_WORDS.search(words) else kind
    if isinstance(error, boto.SSLError) and not _is_untrusted(error):
        return Unavailable  # a handshake that broke off: the server behind it is just starting or going
    if isinstance(error, boto.BotoCoreError):
        return CLASSES.get(type(error).__name__, Misconfigured)
    if isinstance(error, (net.HTTPError, ConnectionError, TimeoutError)):
        return Unavailable
    if isinstance(error, ResponseParserError):  # what answers there is no S3 server
        return Misconfigured
    return None


@contextmanager
def translated(store: str, what: str, data_folder: Path | None = None) -> Iterator[None]:
    """Turns what boto3 raises inside into our own errors; the sentence names store and act, never a secret.

    SeaweedFS answers like one that is ill when its disk is full: `data_folder` is set where we can look ourselves.
    """
    try:
        yield
    except (
        ClientError,
        boto.BotoCoreError,
        ResponseParserError,
        net.HTTPError,
        ConnectionError,
        TimeoutError,
    ) as error:
        kind = meaning(error)
        if kind is None:  # cannot be: the classes above are those that `meaning` knows
            raise
        if kind is Unavailable and data_folder is not None and no_room(data_folder):
            kind = Full
        raise kind(_sentence(kind, store, what, error)) from error
    except KeyError as error:  # the callers read fields of answers inside, which every S3 server must send
        text = f"Speicher „{store}“: {what} – in der Antwort fehlt {error}; dort antwortet kein S3-Speicher."
        raise Misconfigured(text) from error


@contextmanager
def dated(store: str, key: str, until: datetime) -> Iterator[None]:
    """Around a lock until a date: one that is past by the store's own clock is called that and not a wrong setting.

    Servers say no more than "invalid request". We never want a past date, so it is a clock that is wrong.
    """
    try:
        yield
    except Misconfigured as refused:
        if (there := _time_there(refused.__cause__)) is None or there < until:
            raise
        days = [f"{at.astimezone(BERLIN):%d.%m.%Y %H:%M}" for at in (until, there)]
        text = (
            f"Speicher „{store}“: {key} soll bis {days[0]} gesperrt werden, dort ist es aber schon {days[1]}. Die Uhr "
            "dieses Rechners geht nach (oder die des Speichers vor): Uhr stellen (Zeitserver), dann denselben Befehl "
            "noch einmal geben."
        )
        raise Misconfigured(text) from refused


def _time_there(error: BaseException | None) -> datetime | None:
    """The store's clock when it refused a request as invalid; None for other refusals, and where it does not say."""
    answer = error.response.get("ResponseMetadata", {}) if isinstance(error, ClientError) else {}
    try:
        there = parsedate_to_datetime(answer["HTTPHeaders"]["date"]) if answer["HTTPStatusCode"] == 400 else None
    except (KeyError, ValueError):
        return None
    return there if there is not None and there.tzinfo is not None else None


def _sentence(kind: type[ArchivError], store: str, what: str, error: Exception) -> str:
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else type(error).__name__
    if _is_untrusted(error):
        return (
            f"Speicher „{store}“: {what} – dem Zertifikat wird nicht vertraut; die Zertifizierungsstelle des "
            f"Rechenzentrums gehört als Datei in „ca_bundle“ des Speichers (ARCHIV_STORES) [{code}]."
        )
    if code in _CAUSES and kind is not Full:
        return f"Speicher „{store}“: {what} – {_CAUSES[code]} [{code}]."
    pattern = next(_SENTENCES[each] for each in kind.__mro__ if each in _SENTENCES)
    return f"{pattern.format(store=store, what=what)} [{code}]."
