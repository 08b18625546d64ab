"""The certificate by which a partner knows us, where it wants one."""

import ssl

import httpx

from charging.errors import PartnerFileError
from charging.roaming.partner import Partner


def mutual_tls(partner: Partner) -> ssl.SSLContext | None:
    """Return a TLS context with our certificate, which trusts what certifi trusts; None where there is none to show.

    Raises:
        PartnerFileError: if the files are not there, or no certificate and its key.
    """
    if partner.client_certificate is None:
        return None
    context = httpx.create_ssl_context(trust_env=False)
    try:
        context.load_cert_chain(partner.client_certificate, partner.client_key)
    except OSError as problem:  # ssl.SSLError is one
        why = problem.strerror or "it is none"
        raise PartnerFileError(
            partner.name,
            f"key client_certificate: {partner.client_certificate} cannot be used ({why})",
            "put the certificate there as PEM, and its key, unencrypted, at client_key",
            key="client_certificate",
        ) from problem
    return context
