import { setNonce } from 'get-nonce';
import { createRoot } from 'react-dom/client';
import '../ui/theme/tokens.css';
import '../ui/theme/base.css';
import { App } from './App.tsx';
import { applyTheme } from './shell/theme.ts';

// Of styles that dialogs make while they are open.
setNonce(document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '');
applyTheme();
createRoot(document.getElementById('app')!).render(<App />);
