//! The files of the client, to be served to browsers.

use std::{
    collections::HashMap,
    fmt, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::Path,
};

use bytes::Bytes;

/// The files of a folder such as `node_modules/socket.io-client/dist`, in memory.
#[derive(Clone)]
pub struct Bundle {
    files: HashMap<String, File>,
}

/// One file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) content: Bytes,
    pub(crate) content_type: &'static str,
    /// Changes when the content does; with the quotation marks.
    pub(crate) etag: String,
}

impl Bundle {
    /// Reads the scripts of a folder, and their maps.
    ///
    /// # Errors
    ///
    /// The folder or a file in it cannot be read, or it holds no script.
    pub fn read(folder: impl AsRef<Path>) -> io::Result<Self> {
        let mut files = HashMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Some(content_type) = content_type(&name) else { continue };
            if entry.file_type()?.is_dir() {
                continue;
            }
            let content = Bytes::from(fs::read(entry.path())?);
            let mut hasher = DefaultHasher::new();
            content.hash(&mut hasher);
            let etag = format!("\"{:016x}\"", hasher.finish());
            files.insert(name, File { content, content_type, etag });
        }
        match files.is_empty() {
            true => Err(io::Error::new(io::ErrorKind::NotFound, "the folder holds no scripts")),
            false => Ok(Self { files }),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&File> {
        self.files.get(name)
    }
}

/// As socket.io 4.8 serves them.
fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "js" => Some("application/javascript; charset=utf-8"),
        "map" => Some("application/json; charset=utf-8"),
        _ => None,
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.files.keys()).finish()
    }
}
