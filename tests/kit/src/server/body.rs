//! Answer bodies: whole, or told step by step.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::Sleep;

/// One thing a body does.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Send these bytes.
    Send(Bytes),
    /// Send nothing for a while.
    Wait(Duration),
    /// Send these bytes, over and over.
    Repeat(Bytes),
    /// Send nothing more, and do not end.
    Stall,
    /// Break off: the connection closes before the body is complete.
    Fail,
}

/// An answer's body.
#[derive(Debug)]
pub(crate) struct Body {
    steps: VecDeque<Step>,
    waiting: Option<Pin<Box<Sleep>>>,
    /// How many bytes will come, unless the headers are to say something else.
    length: Option<u64>,
}

impl Body {
    pub(crate) fn empty() -> Self {
        Self::whole(Bytes::new())
    }

    /// A body that is what it says.
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            length: Some(bytes.len() as u64),
            steps: [Step::Send(bytes)].into(),
            waiting: None,
        }
    }

    /// A body of unknown length: chunked, unless the headers name a length.
    pub(crate) fn told(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            waiting: None,
            length: None,
        }
    }

    /// The bytes of a [whole](Self::whole) body.
    pub(crate) fn bytes(&self) -> Bytes {
        match self.steps.front() {
            Some(Step::Send(bytes)) if self.length.is_some() => bytes.clone(),
            _ => Bytes::new(),
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(sleep) = &mut self.waiting {
                std::task::ready!(sleep.as_mut().poll(cx));
                self.waiting = None;
            }
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Send(bytes)) if bytes.is_empty() => {}
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Wait(time)) => self.waiting = Some(Box::pin(tokio::time::sleep(time))),
                Some(Step::Repeat(bytes)) => {
                    self.steps.push_front(Step::Repeat(bytes.clone()));
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Stall) => {
                    self.steps.push_front(Step::Stall);
                    return Poll::Pending;
                }
                Some(Step::Fail) => {
                    return Poll::Ready(Some(Err(io::Error::other("broken off"))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.length == Some(0) || (self.waiting.is_none() && self.steps.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}
