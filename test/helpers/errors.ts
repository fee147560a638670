// Errors as one string, for snapshots of messages.

/** "NAME: MESSAGE" and " (HINT)" of what `call` throws, without the folder it ran in; "no error" where it throws nothing. */
export async function errorOf(call: () => unknown, folder = ""): Promise<string> {
  try {
    await call();
  } catch (error) {
    const { name, message, hint } = error as Error & { hint?: string };
    const text = `${name}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
    return folder === "" ? text : text.replaceAll(`${folder}/`, "").replaceAll(folder, ".");
  }
  return "no error";
}
