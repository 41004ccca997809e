//! The kit's servers, asked by a client that believes nothing.

mod client;
mod honest;
mod logins;
