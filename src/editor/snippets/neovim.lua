-- Written by `cargo-peruser editor neovim --write`; `--remove` takes it away.
-- A directory outside of the shared root is your own choice, and stays.
local root = @ROOT@
local directories = {
@ENTRIES@
}
for name, directory in pairs(directories) do
  local value = vim.env[name] or ""
  if value == "" or (value .. "/"):sub(1, #root + 1) == root .. "/" then
    vim.env[name] = directory
  end
end
