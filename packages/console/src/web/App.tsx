import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { Refused } from '../ui/client.ts';
import { router } from './router.tsx';

/** A stack that is away is asked again, for as long as somebody looks; what it refuses it would refuse again. */
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, error) =>
        error instanceof Refused && ['away', 'unreachable', 'busy'].includes(error.body.code) && count < 60,
      retryDelay: count => Math.min(5000, 300 * 1.5 ** count),
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}
