//! Single steps of the server, each made ready beforehand so that nothing but the step is counted.
//!
//! | Module    | Steps                                                                      |
//! |-----------|----------------------------------------------------------------------------|
//! | [`wire`]  | a body is decoded                                                          |
//! | [`crowd`] | a message is matched and queued; a held connect becomes a response         |
//! | [`call`]  | a change of user data becomes notifications                                |
//! | [`log`]   | records become durable in the journal                                      |
//!
//! `micro.rs` counts their instructions; the tests of this crate take each once, in small.

pub mod call;
pub mod crowd;
pub mod log;
pub mod wire;

/// `data` of 100 bytes, as the load tool sends it.
pub const DATA: &str = r#"{"r":2914573721,"s":0,"n":1021,"t":204200000,"p":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}"#;
