//! Files of ours, replaced whole or not at all.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

/// Replaces `path` by `text` in one step: whoever reads it sees the old text or the new one. Folders above it are made.
/// A link is followed, and the permissions of what stood there are kept.
///
/// # Errors
/// The folder cannot be made or written to; what stood there is untouched then.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    put(path, text, true)
}

/// The same without waiting for the disk: after a crash of the machine the old text may stand there.
///
/// # Errors
/// As [`replace`].
pub fn replace_lightly(path: &Path, text: &str) -> io::Result<()> {
    put(path, text, false)
}

/// Makes a folder and those above it where they are missing, for their owner alone: the journal refuses a folder that
/// others can write to, whatever this user's habit is.
///
/// # Errors
/// One of them cannot be made.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

fn put(path: &Path, text: &str, durable: bool) -> io::Result<()> {
    let path: PathBuf = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(folder)?;
    let mut file = tempfile::Builder::new().prefix(".gonogo-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    let kept = fs::metadata(&path).ok().map(|m| m.permissions());
    // A temporary file is its owner's alone; nothing that is written here is a secret.
    #[cfg(unix)]
    let kept = kept.or_else(|| Some(std::os::unix::fs::PermissionsExt::from_mode(0o644)));
    if let Some(permissions) = kept {
        file.as_file().set_permissions(permissions)?;
    }
    if durable {
        file.as_file().sync_all()?;
    }
    file.persist(&path).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_mode_and_its_link() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("deep/er/config.toml"), folder.path().join("link.toml"));
        replace(&real, "one").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&real), mode(real.parent().unwrap())), (0o644, 0o700));
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&real, &link).unwrap();
        replace(&link, "two").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(mode(&real), 0o600);
        let left: Vec<_> = fs::read_dir(real.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing is left behind");
        let under = real.join("below.toml");
        replace(&under, "x").unwrap_err();
        assert_eq!(fs::read_to_string(&real).unwrap(), "two");
    }
}
