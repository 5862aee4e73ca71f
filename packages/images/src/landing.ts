/** What stands at the root, for who opens it in a browser. */
export const landingPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>PeakStone images</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>
<h1>Images are served here</h1>
<p>Pictures have signed URLs: <code>/SIGNATURE/OPTIONS/SOURCE</code>. Make one with <code>peakstone images sign</code>.</p>
</html>
`;
