//! The two web apps: field at `/`, desk at `/desk/`. The folder is read once at start into a
//! list of addresses, so no request reaches the file system and nothing outside the list can
//! be asked for. Hashed assets may be kept for ever, everything else asks each time.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;
use menpai_sync_core::ids::Hash;

use crate::error::{ApiError, ApiResult};

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_EACH_TIME: &str = "no-cache";

struct WebFile {
    content_type: &'static str,
    cache: &'static str,
    etag: String,
    plain: Bytes,
    /// Where it is smaller.
    gzip: Option<Bytes>,
}

/// The files of a web folder by address.
#[derive(Default)]
pub struct WebFolder {
    files: HashMap<String, WebFile>,
}

impl WebFolder {
    /// Reads a folder. Hidden files and symbolic links are left out.
    ///
    /// # Errors
    /// The operating system's.
    pub fn load(folder: &Path) -> io::Result<WebFolder> {
        let mut files = HashMap::new();
        let mut open = vec![(folder.to_owned(), String::from("/"))];
        while let Some((path, address)) = open.pop() {
            for entry in fs::read_dir(path)? {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let kind = entry.file_type()?;
                if name.starts_with('.') {
                    continue;
                } else if kind.is_dir() {
                    open.push((entry.path(), format!("{address}{name}/")));
                } else if kind.is_file() {
                    let file = WebFile::new(&address, &name, fs::read(entry.path())?);
                    let at = if name == "index.html" {
                        address.clone()
                    } else {
                        format!("{address}{name}")
                    };
                    files.insert(at, file);
                }
            }
        }
        Ok(WebFolder { files })
    }

    /// Whether it holds the field app.
    #[must_use]
    pub fn has_field_app(&self) -> bool {
        self.files.contains_key("/")
    }

    /// Answers a request for a file.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub fn answer(&self, request: &HttpRequest) -> ApiResult<HttpResponse> {
        let path = request.path();
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return Err(ApiError::NotFound);
        }
        if path == "/desk" {
            return Ok(HttpResponse::PermanentRedirect()
                .insert_header((LOCATION, "/desk/"))
                .finish());
        }
        let path = path.strip_suffix("index.html").unwrap_or(path);
        let file = self.files.get(path).ok_or(ApiError::NotFound)?;
        let header = |name| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let mut answer = HttpResponse::build(StatusCode::OK);
        answer
            .insert_header((CONTENT_TYPE, file.content_type))
            .insert_header((CACHE_CONTROL, file.cache))
            .insert_header((VARY, "Accept-Encoding"))
            .insert_header((ETAG, file.etag.as_str()));
        if header(IF_NONE_MATCH)
            .split(',')
            .any(|tag| tag.trim().trim_start_matches("W/") == file.etag)
        {
            answer.status(StatusCode::NOT_MODIFIED);
            return Ok(answer.finish());
        }
        let wants_gzip = header(ACCEPT_ENCODING).split(',').any(|coding| coding.trim() == "gzip");
        Ok(match &file.gzip {
            Some(gzip) if wants_gzip => answer.insert_header((CONTENT_ENCODING, "gzip")).body(gzip.clone()),
            _ => answer.body(file.plain.clone()),
        })
    }
}

impl WebFile {
    fn new(folder: &str, name: &str, bytes: Vec<u8>) -> WebFile {
        let content_type = content_type(name);
        let cache = if folder.ends_with("assets/") && is_hashed(name) {
            FOR_EVER
        } else {
            ASK_EACH_TIME
        };
        let etag = format!("\"{}\"", &Hash::of(&bytes).to_string()[..32]);
        let packed = content_type.starts_with("image/") && name.rsplit('.').next() != Some("svg")
            || content_type.starts_with("font/");
        let gzip = if packed {
            None
        } else {
            gzip(&bytes).filter(|gzip| gzip.len() < bytes.len())
        };
        WebFile {
            content_type,
            cache,
            etag,
            plain: bytes.into(),
            gzip: gzip.map(Into::into),
        }
    }
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// Names like `main-BxK3_9aQ.js`, as vite writes them: eight characters of hash.
fn is_hashed(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    stem.is_ascii() && stem.len() > 9 && stem.as_bytes()[stem.len() - 9] == b'-'
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn folder() -> (tempfile::TempDir, WebFolder) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("web/assets")).unwrap();
        fs::create_dir_all(folder.path().join("web/desk")).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("secret", "secret");
        write("web/.env", "secret");
        write("web/index.html", "field");
        write("web/sw.js", "worker");
        write("web/desk/index.html", "desk");
        write("web/assets/main-BxK3_9aQ.js", &"script ".repeat(100));
        write("web/assets/core.wasm", "wasm");
        std::os::unix::fs::symlink(folder.path().join("secret"), folder.path().join("web/link")).unwrap();
        let web = WebFolder::load(&folder.path().join("web")).unwrap();
        (folder, web)
    }

    fn header(answer: &HttpResponse, name: actix_web::http::header::HeaderName) -> &str {
        answer.headers().get(name).unwrap().to_str().unwrap()
    }

    #[test]
    fn types_and_caching_follow_the_name() {
        let (_folder, web) = folder();
        let get = |path: &str| web.answer(&TestRequest::with_uri(path).to_http_request()).unwrap();
        for (path, content_type, cache) in [
            ("/", "text/html; charset=utf-8", ASK_EACH_TIME),
            ("/index.html", "text/html; charset=utf-8", ASK_EACH_TIME),
            ("/desk/", "text/html; charset=utf-8", ASK_EACH_TIME),
            ("/sw.js", "text/javascript; charset=utf-8", ASK_EACH_TIME),
            ("/assets/main-BxK3_9aQ.js", "text/javascript; charset=utf-8", FOR_EVER),
            ("/assets/core.wasm", "application/wasm", ASK_EACH_TIME),
        ] {
            let answer = get(path);
            assert_eq!(header(&answer, CONTENT_TYPE), content_type, "{path}");
            assert_eq!(header(&answer, CACHE_CONTROL), cache, "{path}");
        }
        assert_eq!(header(&get("/desk"), LOCATION), "/desk/");
    }

    #[test]
    fn nothing_outside_the_list_is_served() {
        let (_folder, web) = folder();
        for path in [
            "/../secret",
            "/%2e%2e/secret",
            "/.env",
            "/link",
            "/assets/",
            "/assets/none.js",
            "/desk/deeper",
        ] {
            let refused = web.answer(&TestRequest::with_uri(path).to_http_request());
            assert!(matches!(refused, Err(ApiError::NotFound)), "{path}");
        }
        assert!(web.answer(&TestRequest::post().uri("/").to_http_request()).is_err());
    }

    #[test]
    fn what_the_browser_has_is_not_sent_again() {
        let (_folder, web) = folder();
        let path = "/assets/main-BxK3_9aQ.js";
        let first = web
            .answer(
                &TestRequest::with_uri(path)
                    .insert_header((ACCEPT_ENCODING, "gzip, br"))
                    .to_http_request(),
            )
            .unwrap();
        assert_eq!(header(&first, CONTENT_ENCODING), "gzip");
        let tag = header(&first, ETAG).to_owned();
        let again = web
            .answer(
                &TestRequest::with_uri(path)
                    .insert_header((IF_NONE_MATCH, tag))
                    .to_http_request(),
            )
            .unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }
}
