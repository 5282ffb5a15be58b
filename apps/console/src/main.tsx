import { render } from 'preact';
import { Console } from './console';
import './style.css';
import { show, theme } from './theme';

show(theme());
const place = document.getElementById('app');
if (place) render(<Console />, place);
