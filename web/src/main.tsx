import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style.css';
import { App } from './app';
import { takeToken } from './lib/api';
import { connect, followPlace, followTheme, followVisibility } from './lib/store';

takeToken();
followTheme();
followPlace();
followVisibility();
connect();
const app = document.getElementById('app')!;
app.textContent = ''; // what index.html shows until here
render(<App />, app);
