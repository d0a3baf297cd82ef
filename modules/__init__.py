"""Portico: many HTTPS domains, each behind its own certificate, on one Apache, without SNI."""
