"""Root works in no archive of another account: what it made there, that account could not use afterwards.

`sudo archiv doctor` would start the embedded stores as root, and from then on the service could write to none of them
and take no delivery. The owner of the mark is asked, not that of the folder: where root alone has always worked, in a
container say, all that the archive wrote is root's own, whoever made the folder.
"""

from __future__ import annotations

import os
import pwd

from akten.errors import Misconfigured
from flows.archivemark import NAME
from flows.settings import Settings

# Files of root bear it on a network drive that takes root for nobody.
_NOBODY = 65534


def require_own_account(settings: Settings) -> None:
    """Raises Misconfigured where root would work in the archive of an account of this machine; before anything."""
    if os.geteuid() != 0:
        return
    try:
        owner = (settings.daten / NAME).stat().st_uid
        if owner in (0, _NOBODY):
            return
        name = pwd.getpwuid(owner).pw_name
    except OSError:  # no archive yet; what else is wrong with the mark is said by who reads it
        return
    except KeyError:  # a disk from elsewhere: nobody here could be asked to call instead
        return
    raise Misconfigured(
        f"Das Archiv in „{settings.daten}“ gehört dem Konto „{name}“, und root arbeitet nicht darin: was root anlegt, "
        f"könnte „{name}“ danach nicht mehr benutzen. Es wurde nichts getan; bitte als dieses Konto aufrufen: sudo -u "
        f"{name} archiv … (soll es von nun an root gehören: den Dienst beenden und den Datenordner mit chown -R "
        "übereignen)."
    )
