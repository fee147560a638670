// The software's name and version, as runs and reports carry it; a test keeps it equal to package.json.

export const VERSION = "0.1.0";
export const SOFTWARE = `pathkernel ${VERSION}`;
