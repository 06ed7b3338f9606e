//! The call-state core: calls, parties, SMS sessions and user data.
