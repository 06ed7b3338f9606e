//! A connection that takes messages whenever there are some.
//!
//! A long poll takes messages once, when it is answered; a WebSocket takes them at any time. It
//! attaches a [`Link`] to the session that its messages name. While a link is attached, messages
//! wake it and leave held connects alone, which then end by their time only. Clients that
//! acknowledge get their messages with connect replies even so.
//!
//! A session has one link at most: attaching another one, or a connect that comes another way,
//! ends the first, and a drain ends it once nothing is left to send. Dropping it tells the session
//! that the connection is gone.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::broker::Broker;
use crate::cell::Cell;
use crate::effect::LinkState;
use crate::hold::{Delivery, Hold};

/// The attachment of one connection to one session.
#[derive(Debug)]
pub struct Link {
    broker: Broker,
    cell: Arc<Cell>,
    generation: u64,
}

impl Link {
    pub(crate) fn attach(broker: &Broker, cell: &Arc<Cell>) -> Self {
        let (generation, over) = cell.lock().attach();
        if let Some(over) = over {
            over.wake();
        }
        Self { broker: broker.clone(), cell: Arc::clone(cell), generation }
    }

    /// What there is; the task is woken when that changes.
    pub(crate) fn poll_state(&self, cx: &Context<'_>) -> LinkState {
        self.cell.lock().poll_link(self.generation, cx.waker())
    }

    /// Waits for messages. `None` means that the link is over: close the connection.
    pub fn poll_messages(&mut self, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        match self.poll_state(cx) {
            LinkState::Waiting if self.broker.is_draining() => Poll::Ready(None),
            LinkState::Waiting => Poll::Pending,
            LinkState::Over => Poll::Ready(None),
            LinkState::Messages => {
                let taken = self.broker.take(&self.cell);
                let cell = Some(Arc::clone(&self.cell));
                Poll::Ready(Some(Delivery::new(self.broker.clone(), cell, taken, b"")))
            }
        }
    }

    fn is_of(&self, cell: &Arc<Cell>) -> bool {
        Arc::ptr_eq(&self.cell, cell)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.cell.lock().detach(self.generation);
    }
}

impl Delivery {
    /// Keeps `link`, or attaches a new one if this response is of another session.
    pub fn link(&self, link: Option<Link>) -> Option<Link> {
        match &self.cell {
            Some(cell) if !cell.lock().is_gone() => Some(follow(&self.broker, cell, link)),
            _ => link,
        }
    }
}

impl Hold {
    /// Keeps `link`, or attaches a new one if this connect is of another session.
    pub fn link(&self, link: Option<Link>) -> Link {
        follow(&self.broker, &self.cell, link)
    }
}

fn follow(broker: &Broker, cell: &Arc<Cell>, link: Option<Link>) -> Link {
    link.filter(|link| link.is_of(cell)).unwrap_or_else(|| Link::attach(broker, cell))
}
