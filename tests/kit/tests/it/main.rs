//! The kit's servers, asked by a client that believes nothing.

mod aside;
mod client;
mod honest;
mod hostile;
mod lies;
mod logins;
mod outages;
mod products;
mod redirects;
mod referrers;
mod tag_lies;
mod token_lies;
mod web_lies;
