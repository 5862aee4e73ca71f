import { healthAgent } from '@peakstone/kernel/health';

/**
 * The health command of our image: asks the service that the container runs.
 * @param url such as `http://127.0.0.1:3001/ready`
 * @returns nothing when it answers 2xx within `timeoutMs`, otherwise why not, in one line.
 */
export async function checkHealthUrl(url: string, timeoutMs = 3000): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'manual',
      headers: { 'user-agent': healthAgent },
    });
    const text = (await response.text()).slice(0, 500);
    return response.ok ? undefined : `${url} answers ${response.status} ${text}`.trimEnd();
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { message?: string } };
    return `${url} does not answer: ${cause?.message ?? message}`;
  }
}
