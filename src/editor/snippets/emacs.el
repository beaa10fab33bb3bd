;; Written by `cargo-peruser editor emacs --write'; `--remove' takes it away.
;; A directory outside of the shared root is your own choice, and stays.
(let ((root (file-name-as-directory @ROOT@)))
  (dolist (entry
           '(
@ENTRIES@
             ))
    (let ((value (or (getenv (car entry)) "")))
      (when (or (string= value "")
                (string-prefix-p root (file-name-as-directory value)))
        (setenv (car entry) (cdr entry))))))
