//! A cookie by which a browser is known again once somebody has signed in there. It signs nobody
//! in: it only says that this browser's attempts are not those of whoever guesses elsewhere.

use actix_web::http::header;
use actix_web::{HttpRequest, web};

use super::desk_session::cookie_named;
use super::limits::Source;
use super::sign_in::address_of;
use super::token::Token;
use crate::error::ApiResult;
use crate::home::Home;
use crate::store::node;

/// The longest that browsers keep a cookie.
const KEPT_SECONDS: i64 = 400 * 86_400;
const COOKIE: &str = "__Host-menpai_browser";
const PLAIN_COOKIE: &str = "menpai_browser";

/// What the browser's cookie holds; a new one where it has none.
#[must_use]
pub fn token(request: &HttpRequest) -> Token {
    known(request).unwrap_or_else(Token::new_random)
}

/// Where a request comes from, in the eyes of an account.
///
/// # Errors
/// Internal.
pub async fn source_for(home: &web::Data<Home>, request: &HttpRequest, account: &str) -> ApiResult<Source> {
    if let Some(token) = known(request) {
        let (account, hash) = (account.to_owned(), token.hash());
        let knows = home.node(move |node| node.read(|connection| node::knows_browser(connection, &account, &hash)));
        if knows.await? {
            return Ok(Source::Browser(token.hash()));
        }
    }
    Ok(Source::of(address_of(request)))
}

/// The `Set-Cookie` by which the browser is known again.
#[must_use]
pub fn cookie(request: &HttpRequest, token: &Token) -> String {
    let (name, text) = (cookie_name(request), token.to_text());
    let secure = if request.app_config().secure() { "; Secure" } else { "" };
    format!("{name}={text}; Path=/; Max-Age={KEPT_SECONDS}; HttpOnly; SameSite=Strict{secure}")
}

fn known(request: &HttpRequest) -> Option<Token> {
    cookie_named(request.headers().get_all(header::COOKIE), cookie_name(request))
}

fn cookie_name(request: &HttpRequest) -> &'static str {
    if request.app_config().secure() {
        COOKIE
    } else {
        PLAIN_COOKIE
    }
}
