//! The kit's servers, asked by a client that believes nothing.

mod client;
mod honest;
mod lies;
mod logins;
mod outages;
mod redirects;
mod tag_lies;
mod token_lies;
