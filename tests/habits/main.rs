//! What real clients do, as it was observed of them: replayed, one habit at a time, on real sockets.
//!
//! `docs/PAINS.md` says for each pain, trap and habit what the server does about it, and which test
//! shows it.

mod bayeux;
mod document;
mod http;
mod pains;
mod script;
