//! The encke binary: settings, login, TLS, metrics, signals and pages.
