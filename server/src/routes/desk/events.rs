//! `GET /api/v1/desk/events`: server-sent events `{lsn}` after every commit of the session's
//! community, contacts of phones included; the desk fetches what it shows. A stream lives as
//! long as its session and its reader's right to see figures, waits without a worker, a thread
//! or a file, and says something at least every 15 seconds, so that a dead connection is noticed
//! on both sides.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use actix_web::rt::time::{Instant, sleep_until, timeout};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::future::{Either, select};
use futures_util::stream::unfold;
use menpai_sync_core::ids::{CommunityCode, Lsn, WorkerId};
use tokio::sync::watch;

use crate::auth::May;
use crate::auth::may::{SeeFigures, may_now};
use crate::clock;
use crate::error::ApiResult;
use crate::home::{self, Home};
use crate::store::node;
use crate::store::review::counts;

const LAST_EVENT_ID: &str = "Last-Event-ID";
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Commits closer together than this are one event: what it says is where the log ends now.
const LEAST_APART: Duration = Duration::from_millis(300);
/// How soon a browser comes back after a broken connection.
const RETRY: &str = "retry: 3000\n\n";

/// Server-sent events `{lsn}`: the log has grown, or a phone was in contact.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    get,
    path = "/desk/events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The last lsn that was heard")), responses((status = 200, body = String, content_type = "text/event-stream", description = "Events for as long as the session lasts"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeFigures>, request: HttpRequest) -> ApiResult<HttpResponse> {
    let seen = request
        .headers()
        .get(LAST_EVENT_ID)
        .and_then(|id| id.to_str().ok()?.parse().ok());
    // Listening begins before the log's end is read: nothing in between is missed.
    let stream = Stream {
        news: home.communities.news(session.community),
        community: session.community,
        worker: session.worker,
        session_ends: home.session_ends.subscribe(),
        token_hash: session.token_hash,
        expires_ms: session.expires_ms,
        last_event: Instant::now(),
        first: Some(First {
            seen,
            lsn: log_end(&home, &session).await?,
        }),
        home,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        // A proxy that collects answers would hold events back.
        .insert_header((
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ))
        .streaming(unfold(stream, |mut stream| async {
            let piece = stream.next().await?;
            Some((Ok::<_, Infallible>(Bytes::from(piece)), stream))
        })))
}

async fn log_end(home: &web::Data<Home>, session: &May<SeeFigures>) -> ApiResult<Lsn> {
    let community = home::community(home, session.community).await?;
    Ok(web::block(move || community.query(counts::last_lsn)).await??)
}

struct Stream {
    home: web::Data<Home>,
    news: watch::Receiver<Lsn>,
    community: CommunityCode,
    worker: WorkerId,
    session_ends: watch::Receiver<u64>,
    token_hash: [u8; 32],
    expires_ms: i64,
    last_event: Instant,
    first: Option<First>,
}

/// Where the log ended when the stream began, and what its reader had seen by then.
struct First {
    seen: Option<Lsn>,
    lsn: Lsn,
}

enum Woken {
    News,
    SessionEnds,
    Heartbeat,
}

impl Stream {
    /// What is written next; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        if let Some(First { seen, lsn }) = self.first.take() {
            let event = if seen == Some(lsn) { String::new() } else { event(lsn) };
            return Some(format!("{RETRY}{event}"));
        }
        loop {
            match self.wait().await {
                Woken::News => {
                    sleep_until(self.last_event + LEAST_APART).await;
                    // What is new may be that a role has ended.
                    if !self.may_see().await {
                        return None;
                    }
                    self.last_event = Instant::now();
                    return Some(event(*self.news.borrow_and_update()));
                }
                Woken::SessionEnds => {
                    if !self.is_signed_in().await {
                        return None;
                    }
                }
                Woken::Heartbeat => {
                    let goes_on = self.is_signed_in().await && self.may_see().await;
                    return goes_on.then(|| ":\n\n".to_owned());
                }
            }
        }
    }

    async fn wait(&mut self) -> Woken {
        let left_ms = u64::try_from(self.expires_ms - clock::now_ms()).unwrap_or(0);
        let news = pin!(self.news.changed());
        let session_ends = pin!(self.session_ends.changed());
        // Both senders live in the home, so neither can have gone.
        match timeout(
            HEARTBEAT.min(Duration::from_millis(left_ms)),
            select(news, session_ends),
        )
        .await
        {
            Ok(Either::Left(_)) => Woken::News,
            Ok(Either::Right(_)) => Woken::SessionEnds,
            Err(_) => Woken::Heartbeat,
        }
    }

    async fn may_see(&self) -> bool {
        let community = home::community(&self.home, self.community).await;
        community.is_ok_and(|community| may_now::<SeeFigures>(&community.directory(), self.worker))
    }

    async fn is_signed_in(&self) -> bool {
        let token_hash = self.token_hash;
        let session = self
            .home
            .node(move |node| node.read(|connection| node::find_session(connection, &token_hash, clock::now_ms())));
        session.await.is_ok_and(|session| session.is_some())
    }
}

fn event(lsn: Lsn) -> String {
    format!("id: {lsn}\ndata: {{\"lsn\":{lsn}}}\n\n")
}
