//! The exact answer to each bad input, over REST and Bayeux, and proof after each of them that the
//! server still serves: on the same connection where HTTP allows, else on a new one.
//!
//! The rows are in the modules below, one table for each part of the surface; `case` says how they
//! are read and compared. A row that fails does not hide the others.

mod api;
mod bayeux_framing;
mod bayeux_messages;
mod calls;
mod case;
mod ground;
mod http;
mod interactions;
mod login;
mod simulator;
mod smssessions;
mod tokens;

use ground::Ground;

/// One test per table, each on a server of its own.
macro_rules! tables {
    ($($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                Ground::lay().await.walk($name::cases).await;
            }
        )*

        #[tokio::test]
        async fn the_tables_hold_at_least_sixty_rows() {
            let ground = Ground::lay().await;
            let rows = [$($name::cases(&ground.world).len()),*];
            assert!(rows.iter().sum::<usize>() >= 60, "{rows:?}");
        }
    };
}

tables! {
    api bayeux_framing bayeux_messages calls http interactions login simulator smssessions tokens
}
